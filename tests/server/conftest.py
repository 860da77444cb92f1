"""A service with a scripted assistant behind it: real database, real Redis, real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.clock import FrozenClock
from core.database import Database
from handoff.staff import add_staff
from server.app import build_app
from server.demo import keep_accounts
from server.migrate import migrate
from server.processes import private_redis
from server.service import SERVICE, Service
from server.settings import Settings
from tests.server.settings_of_commands import Sets

Turn = dict[str, Any]
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOKEN = "a-token-for-tests"
PATIENCE = 30.0
"""Seconds that a test waits for a frame that must come; only one that fails waits them to the end."""


@pytest.fixture
def set_env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sets:
    """Set settings for a command in a home of its own."""
    for name, info in Settings.model_fields.items():
        monkeypatch.delenv(str(info.validation_alias or f"BATON_{name.upper()}"), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("server.logs.configure_logs", lambda _settings: None)

    def change(**values: object) -> None:
        for name, value in {"BATON_HOME": tmp_path / "home", **values}.items():
            monkeypatch.setenv(name, str(value))

    return change


@dataclass
class ScriptedRasa:
    """Speaks the contract of docs/architecture.md; each test says what it answers."""

    answer: Callable[[Turn], Any] = lambda _turn: say("Hello.")
    ready: bool = True
    encoder: str | None = None
    heard: list[Turn] = field(default_factory=list)

    async def turn(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        asked = await request.json()
        self.heard.append(asked)
        answer = self.answer(asked)
        if hasattr(answer, "__await__"):
            answer = await answer
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    async def is_ready(self, _request: web.Request) -> web.Response:
        return web.json_response({"ready": self.ready, "encoder": self.encoder}, status=200 if self.ready else 503)


def say(*texts: str, hand_over: str | None = None, **understanding: Any) -> dict[str, Any]:
    replies: list[dict[str, Any]] = [{"text": text} for text in texts]
    if hand_over:
        replies.append({"custom": {"type": "hand_over", "reason": hand_over}})
    return {"replies": replies, "understanding": understanding}


@pytest.fixture
async def rasa() -> AsyncIterator[tuple[ScriptedRasa, str]]:
    scripted = ScriptedRasa()
    app = web.Application()
    app.router.add_post("/webhooks/baton/turn", scripted.turn)
    app.router.add_get("/webhooks/baton/ready", scripted.is_ready)
    server = TestServer(app)
    await server.start_server()
    yield scripted, str(server.make_url("")).rstrip("/")
    await server.close()


@dataclass
class Running:
    """A started service and the ways to reach it."""

    client: TestClient[web.Request, web.Application]
    service: Service
    rasa: ScriptedRasa
    clock: FrozenClock
    clients: list[TestClient[web.Request, web.Application]] = field(default_factory=list)

    def browser(self, **headers: str) -> TestClient[web.Request, web.Application]:
        """Return another client, with cookies of its own."""
        client: TestClient[web.Request, web.Application] = TestClient(
            self.client.server, cookie_jar=aiohttp.CookieJar(unsafe=True), headers=headers
        )
        self.clients.append(client)
        return client

    async def visit(self) -> Chat:
        response = await self.client.post("/api/chat/sessions", json={})
        assert response.status == 200, await response.text()
        body = await response.json()
        socket = await self.client.ws_connect("/api/chat/socket")
        chat = Chat(socket, body["token"], body["conversation"]["id"])
        await socket.send_json({"type": "hello", "token": chat.token, "after": None})
        chat.snapshot = await socket.receive_json(timeout=PATIENCE)
        return chat

    async def staff(self, email: str = "maya@fernhill.example") -> TestClient[web.Request, web.Application]:
        client = self.browser(**{"X-Baton": "desk"})
        response = await client.post("/api/staff/session", json={"email": email, "password": "fernhill-demo"})
        assert response.status == 200, await response.text()
        return client


@dataclass
class Chat:
    """A customer's open socket."""

    socket: aiohttp.ClientWebSocketResponse
    token: str
    conversation: str
    snapshot: dict[str, Any] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0
    last_event: int = 0

    async def send(self, type_: str, **values: Any) -> dict[str, Any]:
        """Send a frame with a client id of its own and return its ack or error."""
        self.sent += 1
        client_id = values.pop("client_id", f"c{self.sent}")
        await self.socket.send_json({"type": type_, "client_id": client_id, **values})
        return await self.until(lambda frame: frame["type"] in {"ack", "error"} and frame["client_id"] == client_id)

    async def until(self, wanted: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Return the first frame that is wanted, one that has been seen already or the next that comes."""
        for frame in self.seen:
            if wanted(frame):
                self.seen.remove(frame)
                return frame
        while True:
            frame = await self.socket.receive_json(timeout=PATIENCE)
            self.last_event = frame.get("id", self.last_event)
            if wanted(frame):
                return frame
            self.seen.append(frame)

    async def message(self, author: str, **wanted: Any) -> dict[str, Any]:
        """Return the next message by this kind of author."""

        def matches(frame: dict[str, Any]) -> bool:
            if frame.get("event") != "message":
                return False
            message = frame["data"]["message"]
            return message["author"]["kind"] == author and all(message[key] == value for key, value in wanted.items())

        return (await self.until(matches))["data"]["message"]

    async def notice(self, type_: str) -> dict[str, Any]:
        """Return the next notice of this type."""
        frame = await self.until(
            lambda frame: (
                frame.get("event") == "message" and (frame["data"]["message"]["notice"] or {}).get("type") == type_
            )
        )
        return frame["data"]["message"]


@pytest.fixture
async def redis_url() -> AsyncIterator[str]:
    """A real Redis of the test's own."""
    with TemporaryDirectory(prefix="baton-") as folder:
        socket = Path(folder) / "redis.sock"
        child = private_redis(Path(folder), socket, Path(folder) / "redis.log")
        await child.start()
        async with asyncio.timeout(30):
            while not socket.exists():
                await asyncio.sleep(0)
        yield f"unix://{socket}"
        await child.stop()


@pytest.fixture(scope="session")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database has been through its first start; each test begins with a copy of it."""
    home = tmp_path_factory.mktemp("first")

    async def start() -> None:
        settings = make_settings(home, "http://127.0.0.1:1")
        database = Database.open(settings.database)
        await migrate(database)
        await keep_accounts(database, settings, FrozenClock(NOW))
        await database.close()

    asyncio.run(start())
    return home / "home"


@pytest.fixture
async def running(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path
) -> AsyncIterator[Running]:
    shutil.copytree(first_home, tmp_path / "home")
    async with serving(rasa, tmp_path, clock) as started:
        yield started


@pytest.fixture
async def sharing(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path, redis_url: str
) -> AsyncIterator[Running]:
    """A service that believes other replicas to be on its Redis."""
    shutil.copytree(first_home, tmp_path / "home")
    async with serving(rasa, tmp_path, clock, redis_url=redis_url) as started:
        yield started


@contextlib.asynccontextmanager
async def serving(
    rasa: tuple[ScriptedRasa, str], home: Path, clock: FrozenClock, **settings: Any
) -> AsyncIterator[Running]:
    chosen = make_settings(home, rasa[1]).model_copy(update=settings)
    client: TestClient[web.Request, web.Application] = TestClient(TestServer(build_app(chosen, clock)))
    await client.start_server()
    service = client.app[SERVICE]
    assert await service.bot.until_ready(10)
    started = Running(client, service, rasa[0], clock)
    yield started
    for other in started.clients:
        await other.session.close()
    await client.close()


def make_settings(home: Path, rasa_url: str, **values: Any) -> Settings:
    return Settings(
        _env_file=None,
        home=home / "home",
        articles_dir=home,
        encoder_dir=home / "no encoder",
        RASA_URLS=rasa_url,
        bot_token=TOKEN,
        turn_timeout=8,  # of a bot that answers none may be missed because the machine is busy
        bot_patience=0.2,
        log_level="error",
        **values,
    )


@pytest.fixture
async def help_centre(running: Running) -> Running:
    """A service with a small help centre in it: see `help_articles`."""
    # That module stands on this one.
    from tests.server.help_articles import open_help

    await open_help(running.service)
    return running


@pytest.fixture
async def cora(help_centre: Running) -> TestClient[web.Request, web.Application]:
    """An editor, with a small help centre to edit."""
    await add_staff(
        help_centre.service.database, email="cora@fernhill.example", name="Cora", role="content", password="fernhill-demo",
        at=help_centre.clock.now(),
    )  # fmt: skip
    return await help_centre.staff("cora@fernhill.example")
