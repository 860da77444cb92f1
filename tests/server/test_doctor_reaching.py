"""`baton doctor`: what is reached over the network, and is away, refuses or is something else, has a line that says what to do."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.clock import SystemClock
from core.database import Database
from core.webhook_endpoints import add_endpoint, disable_endpoint
from server.migrate import migrate
from server.settings import Settings
from tests.server.settings_of_commands import Sets, finding, free_port


@contextmanager
def answering(answers: Mapping[str, tuple[int, object]]) -> Iterator[str]:
    """Answer JSON by path, 404 for others; gives the address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, "nothing here"))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(json.dumps(body).encode())

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


def test_a_database_that_is_not_there_is_reported_and_one_that_refuses(set_env: Sets, postgresql_url: str) -> None:
    other = sa.make_url(postgresql_url).set(database="nowhere").render_as_string(hide_password=False)
    for url in (f"postgresql://nobody@127.0.0.1:{free_port()}/baton", other):
        set_env(DATABASE_URL=url)
        found = finding("database")
        assert not found.well
        assert "DATABASE_URL" in found.words


def test_a_chroma_server_is_reported_that_is_not_there_or_is_something_else(set_env: Sets) -> None:
    heartbeat = {"/api/v2/heartbeat": (200, {"nanosecond heartbeat": 1})}
    with answering({}) as other, answering(heartbeat) as chroma:
        for url, well in ((f"http://user:word@127.0.0.1:{free_port()}", False), (other, False), (chroma, True)):
            set_env(CHROMA_URL=url)
            found = finding("vectors")
            assert found.well is well
            assert well or "check CHROMA_URL" in found.words
            assert "word" not in found.words


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"/webhooks/baton/ready": (200, {"ready": True})}, ""),
        ({"/webhooks/baton/ready": (503, {"ready": False})}, "has no model yet"),
        ({"/webhooks/baton/ready": (401, "unauthorised")}, "BATON_BOT_TOKEN is its token"),
        ({}, "check RASA_URLS"),
    ],
)
def test_each_rasa_server_is_asked_and_the_bots_environment_is_not_needed_then(
    set_env: Sets, answers: Mapping[str, tuple[int, object]], says: str
) -> None:
    with answering({"/webhooks/baton/ready": (200, {"ready": True})}) as first, answering(answers) as second:
        set_env(RASA_URLS=f"{first},{second}", BATON_BOT_TOKEN="x" * 32, BATON_BOT_PYTHON="/nonexistent/python")
        found = finding("assistant")
    assert found.well is (says == "")
    assert says in found.words
    assert finding("bot environment").well


def test_a_redis_that_answers_and_takes_nothing_is_reported(set_env: Sets) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse_everything() -> None:
            asked, _ = server.accept()
            with asked:
                while said := asked.recv(4096):
                    asked.sendall(b"-READONLY You can't write against a read only replica.\r\n" * said.count(b"*"))

        refusing = threading.Thread(target=refuse_everything)
        refusing.start()
        set_env(REDIS_URL=f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        found = finding("redis")
        refusing.join()
    assert not found.well
    assert "read only replica" in found.words
    assert "Check REDIS_URL." in found.words


async def prepare(settings: Settings, *urls: str) -> list[str]:
    """Bring a database to the newest schema and add endpoints; returns their ids."""
    database = Database.open(settings.database)
    await migrate(database)
    async with database.write() as tx:
        added = [await add_endpoint(tx, url, ["*"], "", at=SystemClock().now()) for url in urls]
    await database.close()
    return [endpoint.id for endpoint, _ in added]


async def change(settings: Settings, statement: str) -> None:
    database = Database.open(settings.database)
    async with database.write() as tx:
        await tx.execute(sa.text(statement))
    await database.close()


def test_a_database_of_a_newer_version_is_reported_and_an_older_one_is_brought_on(
    set_env: Sets, tmp_path: Path
) -> None:
    set_env()
    (tmp_path / "home").mkdir()
    asyncio.run(prepare(Settings()))
    asyncio.run(change(Settings(), "UPDATE alembic_version SET version_num = '0001'"))
    older = finding("database")
    assert older.well
    assert "schema 0001; the next start brings it to" in older.words
    asyncio.run(change(Settings(), "UPDATE alembic_version SET version_num = '9999'"))
    newer = finding("database")
    assert not newer.well
    assert "is of a newer version (schema 9999," in newer.words


def test_a_clock_that_is_off_is_reported_before_it_keeps_a_start_away(
    set_env: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def skew(*_: object) -> timedelta:
        return timedelta(seconds=-20)

    monkeypatch.setattr("server.commands.within_reach.skew_of", skew)
    set_env()
    found = finding("database")
    assert not found.well
    assert found.words == "This machine's clock is 20 s behind the database server's. Set both by NTP."


def test_receivers_of_webhooks_are_called_and_those_that_do_not_answer_reported(set_env: Sets, tmp_path: Path) -> None:
    set_env()
    (tmp_path / "home").mkdir()
    assert finding("webhooks").words == "none yet"
    with answering({}) as receiver:
        asyncio.run(prepare(Settings(), f"{receiver}/secret-path"))
        assert finding("webhooks").well
        gone = f"http://127.0.0.1:{free_port()}"
        (added,) = asyncio.run(prepare(Settings(), f"{gone}/secret-path"))
        found = finding("webhooks")
        assert not found.well
        assert found.words.startswith(f"{gone} does not answer (")
        assert found.words.endswith("Mend it, or switch it off at the desk (Webhooks).")
        assert "secret-path" not in found.words
        asyncio.run(
            change(Settings(), f"UPDATE webhook_endpoints SET url = 'https://169.254.169.254/' WHERE id = '{added}'")
        )
        assert finding("webhooks").words.startswith("https://169.254.169.254 is not called: The address is link-local")
        asyncio.run(switch_off(Settings(), added))
        assert "is switched off: The receiver answered 410 Gone." in finding("webhooks").words


async def switch_off(settings: Settings, endpoint_id: str) -> None:
    database = Database.open(settings.database)
    async with database.write() as tx:
        await disable_endpoint(tx, endpoint_id, "The receiver answered 410 Gone.")
    await database.close()


def test_a_running_service_with_a_part_away_is_reported_with_where_to_look(set_env: Sets) -> None:
    for parts, says in (
        (
            {"database": "ready", "bot": "down"},
            "It runs, but the assistant is down: see RASA_URLS, or logs/rasa.log in the home.",
        ),
        ({"database": "ready", "bot": "starting"}, ""),
    ):
        with answering({"/readyz": (503, {"ready": False, "parts": parts})}) as url:
            set_env(BATON_PORT=url.rpartition(":")[2])
            found = finding("service")
        assert found.well is (says == "")
        assert says in found.words
