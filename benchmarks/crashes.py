"""Kills the service's processes and Redis at random under load, and counts what was lost, shown twice or fired twice.

    .venv/bin/python benchmarks/crashes.py --kills 200 --seed 1
    .venv/bin/python benchmarks/crashes.py --kills 200 --seed 1 --postgresql
    .venv/bin/python benchmarks/crashes.py --kills 20 --seed 1 --naive

Two `baton run` processes share one database and one Redis. Customers write, resume after every cut and send again what was not
acknowledged; a scripted assistant answers; an agent claims, replies and resolves; SLA clocks of one minute run; every handoff is to reach a
webhook receiver. Meanwhile one of the two processes gets SIGKILL, or Redis does, or loses all that it holds. The seed decides what
is killed and when. At the end everything is compared with what customers were told.

`--naive` runs the same against `benchmarks/naive_queue.py`, which keeps its queue in memory and Redis: it must fail, or the
harness proves nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import redis.asyncio
from aiohttp import web

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from server.processes import redis_server  # noqa: E402

TOKEN = "a-token-for-crashes"
ADMIN = {"email": "crash@fernhill.example", "password": "crash-crash-crash"}
POLICY = """
policies:
  - name: one minute
    warn_at: 0.5
    targets: {urgent: &t {first_response: 1, next_response: 1, resolution: 1}, high: *t, normal: *t, low: *t}
"""
MESSAGES_EACH = 40
"""Messages of one conversation, after which its customer begins another: a snapshot shows the newest 200."""
SETTLE_SECONDS = 150.0
"""How long the last clocks and turns may take after the last kill: a minute and a half until a breach, and a process's start."""


@dataclass
class Talk:
    """One conversation as its customer lived it."""

    token: str
    id: str
    acked: list[tuple[str, str]] = field(default_factory=list)
    """Client id and text of what was acknowledged, in the order it was sent."""
    shown: list[int] = field(default_factory=list)
    """Numbers of the messages shown, in order, over all sockets."""
    last_event: int | None = None
    handed_over: bool = False


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A child in a group of its own, killed and started again."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env={**os.environ, **self._environment}, stdout=log, stderr=log, start_new_session=True
            )

    async def kill(self) -> None:
        """End it and its children with SIGKILL, whatever it is doing."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()


class Floor:
    """All that is killed, and the load on it."""

    def __init__(self, home: Path, arguments: argparse.Namespace) -> None:
        self.home = home
        self.naive: bool = arguments.naive
        self.customers: int = arguments.customers
        self.random = random.Random(arguments.seed)
        self.kills: Counter[str] = Counter()
        self.talks: list[Talk] = []
        self.delivered: Counter[str] = Counter()
        """Tickets whose package the receiver got, each with how often."""
        self.ports = [free_port(), free_port()]
        self.outside = free_port()
        self.redis_url = f"unix://{home}/redis.sock"
        self.redis = self._redis()
        self.services = [self._service(number, arguments.database) for number in range(1 if self.naive else 2)]
        self.over = False

    @property
    def database_url(self) -> str:
        """Where the services keep their records."""
        return self._database

    def _redis(self) -> Process:
        command = [
            str(redis_server()), "--port", "0", "--unixsocket", f"{self.home}/redis.sock", "--save", "", "--appendonly", "no",
            "--dir", str(self.home),
        ]  # fmt: skip
        return Process(command, {}, self.home / "redis.log")

    def _service(self, number: int, database: str) -> Process:
        self._database = database or f"sqlite:///{self.home}/baton.db"
        log = self.home / f"service{number}.log"
        if self.naive:
            command = [sys.executable, str(ROOT / "benchmarks" / "naive_queue.py"), str(self.ports[0]), self.redis_url]
            return Process(command, {"PYTHONPATH": str(ROOT)}, log)
        policies = self.home / "policies.yml"
        policies.write_text(POLICY.lstrip(), encoding="utf-8")
        (self.home / "articles").mkdir(exist_ok=True)
        environment = {
            "PYTHONPATH": str(ROOT), "BATON_HOME": str(self.home / f"home{number}"), "BATON_PORT": str(self.ports[number]),
            "DATABASE_URL": self._database, "REDIS_URL": self.redis_url, "RASA_URLS": f"http://127.0.0.1:{self.outside}",
            "BATON_BOT_TOKEN": TOKEN, "BATON_POLICIES_FILE": str(policies), "BATON_ARTICLES_DIR": str(self.home / "articles"),
            "BATON_ENCODER_DIR": str(self.home / "none"), "BATON_DEMO": "false", "BATON_MESSAGES_PER_MINUTE": "1000000",
            "BATON_SESSIONS_PER_MINUTE": "1000000", "BATON_ADMIN_EMAIL": ADMIN["email"], "BATON_ADMIN_PASSWORD": ADMIN["password"],
            "BATON_WEBHOOKS_PRIVATE": "true", "BATON_LOG_LEVEL": "error",
        }  # fmt: skip
        return Process([sys.executable, "-m", "server.command", "run"], environment, log)

    def url(self) -> str:
        """Return the address of one of the services, at random."""
        return f"http://127.0.0.1:{self.ports[0] if self.naive else self.random.choice(self.ports)}"

    async def start(self) -> None:
        """Start everything and wait until chats are taken."""
        await self.redis.start()
        for service in self.services:
            await service.start()
            await self._until_open(self.ports[self.services.index(service)])

    async def _until_open(self, port: int) -> None:
        end = time.monotonic() + 120
        async with aiohttp.ClientSession() as http:
            while time.monotonic() < end:
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async with http.get(f"http://127.0.0.1:{port}/healthz") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.1)
        sys.exit(f"The service did not start:\n{(self.home / 'service0.log').read_text()[-2000:]}")

    async def kill_at_random(self, kills: int, longest_pause: float) -> None:
        """Kill one thing after another; what was killed is started again at once."""
        for _ in range(kills):
            await asyncio.sleep(self.random.uniform(0.1, longest_pause))
            victim = self.random.choices(["service", "redis", "flush"], [6, 2, 2])[0]
            if victim == "service":
                service = self.random.choice(self.services)
                await service.kill()
                await service.start()
            elif victim == "redis":
                await self.redis.kill()
                (self.home / "redis.sock").unlink(missing_ok=True)
                await self.redis.start()
            else:
                await self._flush()
            self.kills[victim] += 1
            done = sum(self.kills.values())
            if done % 20 == 0:
                print(f"{done} kills, {sum(len(t.acked) for t in self.talks)} messages acknowledged", file=sys.stderr)

    async def _flush(self) -> None:
        client = redis.asyncio.Redis.from_url(self.redis_url)
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            await client.flushall()
        await client.aclose()

    async def stop(self) -> None:
        """End everything."""
        for process in (*self.services, self.redis):
            await process.kill()


@contextlib.asynccontextmanager
async def assistant_and_receiver(floor: Floor) -> AsyncIterator[None]:
    """Serve what is outside: an assistant that says what it heard, and the receiver of webhooks."""

    async def turn(request: web.Request) -> web.Response:
        text = (await request.json()).get("text") or ""
        await asyncio.sleep(0.02)
        replies: list[dict[str, Any]] = [{"text": f"echo {text}"}]
        if "person" in text:
            replies.append({"custom": {"type": "hand_over", "reason": "asked"}})
        return web.json_response({"replies": replies, "understanding": {}})

    async def ready(_request: web.Request) -> web.Response:
        return web.json_response({"ready": True})

    async def hook(request: web.Request) -> web.Response:
        message = await request.json()
        floor.delivered[message["data"]["ticket"]["id"]] += 1
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/baton/turn", turn)
    app.router.add_get("/webhooks/baton/ready", ready)
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", floor.outside).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def customer(floor: Floor, number: int) -> None:
    """Write, wait for the ack, and go on, in one conversation after another."""
    chance = random.Random(f"{number} {floor.random.random()}")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        while not floor.over:
            talk = await begin(floor, http)
            if talk is None:
                await asyncio.sleep(0.1)
                continue
            floor.talks.append(talk)
            sending = [f"{number}-{len(floor.talks)}-{n}" for n in range(MESSAGES_EACH)]
            asks_at = chance.randrange(3, MESSAGES_EACH)
            while sending and not floor.over:
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ConnectionError, TypeError):
                    await converse(floor, http, talk, sending, asks_at)
                await asyncio.sleep(0.05)


async def begin(floor: Floor, http: aiohttp.ClientSession) -> Talk | None:
    """Open a session with either service."""
    try:
        async with http.post(f"{floor.url()}/api/chat/sessions", json={}) as response:
            body = await response.json()
            return Talk(body["token"], body["conversation"]["id"]) if response.status == 200 else None
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None


async def converse(floor: Floor, http: aiohttp.ClientSession, talk: Talk, sending: list[str], asks_at: int) -> None:
    """Be on one socket until it breaks: what is not acknowledged stays in `sending`, and is sent again on the next one."""
    async with http.ws_connect(f"{floor.url()}/api/chat/socket") as ws:
        await ws.send_json({"type": "hello", "token": talk.token, "after": talk.last_event})
        while sending and not floor.over:
            client_id = sending[0]
            text = f"a person for {client_id}" if client_id.endswith(f"-{asks_at}") else f"hello {client_id}"
            await ws.send_json({"type": "message", "client_id": client_id, "text": text})
            while True:
                frame = await ws.receive_json(timeout=8)
                take(talk, frame)
                if frame["type"] == "ack" and frame["client_id"] == client_id:
                    talk.acked.append((client_id, text))
                    sending.pop(0)
                    break
                if frame["type"] == "error":
                    raise ConnectionError(frame["error"]["message"])
            await asyncio.sleep(0.15)


def take(talk: Talk, frame: dict[str, Any]) -> None:
    """Show what a frame brings, as the widget does."""
    if frame["type"] == "snapshot":
        talk.shown = [message["seq"] for message in frame["messages"]]
        talk.last_event = frame["conversation"]["last_event"]
    if frame.get("event") == "message" and frame["type"] == "event":
        talk.shown.append(frame["data"]["message"]["seq"])
        talk.handed_over |= (frame["data"]["message"]["notice"] or {}).get("type") == "queued"
    if "id" in frame:
        talk.last_event = frame["id"]


async def agent(floor: Floor) -> None:
    """Claim, reply and resolve; leave every third conversation to its clocks."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"X-Baton": "desk"}, timeout=aiohttp.ClientTimeout(total=10)
    ) as http:
        signed_in = connected = False
        while not floor.over:
            await asyncio.sleep(0.5)
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, KeyError):
                base = floor.url()
                if not signed_in:
                    signed_in = (await http.post(f"{base}/api/staff/session", json=ADMIN)).status == 200
                    continue
                if not connected:
                    body = {"url": f"http://127.0.0.1:{floor.outside}/hook", "kinds": ["conversation.handed_over"]}
                    connected = (await http.post(f"{base}/api/webhooks", json=body)).status in {200, 409}
                    continue
                async with http.get(f"{base}/api/desk/conversations?view=queue") as response:
                    rows = (await response.json())["conversations"]
                for row in rows[:3]:
                    if int(row["number"].rpartition("-")[2]) % 3 == 0:
                        continue
                    path = f"{floor.url()}/api/desk/conversations/{row['id']}"
                    async with http.post(f"{path}/claim", json={"epoch": row["epoch"]}) as response:
                        epoch = (await response.json())["row"]["epoch"]
                    reply = {"epoch": epoch, "client_id": f"r{epoch}", "text": f"reply in {epoch}"}
                    await http.post(f"{path}/replies", json=reply)
                    await http.post(f"{path}/resolve", json={"epoch": epoch})


async def read_to_the_end(floor: Floor, http: aiohttp.ClientSession, talk: Talk) -> list[dict[str, Any]]:
    """Catch up with what was missed, as a customer who comes back, and return a fresh snapshot's messages."""
    for _ in range(100):
        try:
            async with http.ws_connect(f"{floor.url()}/api/chat/socket") as ws:
                await ws.send_json({"type": "hello", "token": talk.token, "after": talk.last_event})
                await ws.send_json({"type": "ping"})
                while (frame := await ws.receive_json(timeout=8))["type"] != "pong":
                    take(talk, frame)
            async with http.ws_connect(f"{floor.url()}/api/chat/socket") as ws:
                await ws.send_json({"type": "hello", "token": talk.token, "after": None})
                snapshot = await ws.receive_json(timeout=8)
                messages: list[dict[str, Any]] = snapshot["messages"]
                return messages
        except (aiohttp.ClientError, OSError, TimeoutError, KeyError, TypeError):
            await asyncio.sleep(0.2)
    return []


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run it all and return what was counted."""
    with tempfile.TemporaryDirectory(prefix="crashes-") as folder:
        floor = Floor(Path(folder), arguments)
        began = time.monotonic()
        async with assistant_and_receiver(floor):
            try:
                await floor.start()
                load = [asyncio.create_task(customer(floor, number)) for number in range(floor.customers)]
                if not floor.naive:
                    load.append(asyncio.create_task(agent(floor)))
                await asyncio.sleep(2)
                await floor.kill_at_random(arguments.kills, arguments.pause)
                floor.over = True
                await asyncio.gather(*load)
                for number in range(len(floor.services)):
                    await floor._until_open(floor.ports[number])
                counted = await count(floor, arguments.settle)
            finally:
                await floor.stop()
        return {
            **counted,
            "kills": sum(floor.kills.values()),
            "killed": dict(floor.kills),
            "conversations": len(floor.talks),
            "messages_acknowledged": sum(len(talk.acked) for talk in floor.talks),
            "seconds": round(time.monotonic() - began, 1),
        }


async def count(floor: Floor, settle: float) -> dict[str, Any]:
    """Compare what customers were told and shown with what there is."""
    from benchmarks.crash_ledger import naive_ledger, sql_ledger

    asked = {talk.id for talk in floor.talks if talk.handed_over}
    if floor.naive:
        ledger = await naive_ledger(floor.redis_url, asked)
    else:
        ledger = await sql_ledger(floor.database_url, settle)
    lost = twice = disordered = gaps = 0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        for talk in floor.talks:
            there = await read_to_the_end(floor, http, talk)
            own = [message for message in there if message["author"]["kind"] == "customer"]
            stored = Counter(message["client_id"] for message in own)
            lost += sum(1 for client_id, _ in talk.acked if stored[client_id] == 0)
            twice += sum(number - 1 for number in stored.values())
            echoes = Counter(message["text"] for message in there if message["author"]["kind"] == "bot")
            twice += sum(number - 1 for number in echoes.values())
            twice += len(talk.shown) - len(set(talk.shown))
            order = [message["client_id"] for message in own]
            disordered += order != sorted(order, key=lambda one: int(one.rpartition("-")[2]))
            gaps += len({message["seq"] for message in there} - set(talk.shown))
    asked |= {talk.id for talk in floor.talks if talk.handed_over}
    undelivered = set(ledger["told"]) - set(floor.delivered)
    return {
        "lost": lost,
        "shown_twice": twice,
        "out_of_order": disordered,
        "not_shown": gaps,
        "turns_unsettled": ledger["turns_unsettled"],
        "handoffs": len(ledger["packages"]),
        "packages_lost": len(asked - set(ledger["packages"])) + ledger["without_package"],
        "packages_undelivered": len(undelivered),
        "packages_delivered_again": sum(number - 1 for number in floor.delivered.values()),
        "clocks": ledger["clocks"],
        "clocks_fired": ledger["fired"],
        "clocks_missed": ledger["missed"],
        "clocks_fired_twice": ledger["fired_twice"],
    }


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Start the PostgreSQL of the `pgserver` wheel in a folder of its own; it waits for the disk, and is not killed itself."""
    import pgserver

    with tempfile.TemporaryDirectory(prefix="crashes-pg-") as folder:
        server = pgserver.get_server(folder)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


WRONG = (
    "lost", "shown_twice", "out_of_order", "not_shown", "turns_unsettled", "packages_lost", "packages_undelivered",
    "clocks_missed", "clocks_fired_twice",
)  # fmt: skip
"""Counts that must be 0."""


def main() -> int:
    """Run the command; the status is 1 if something was lost or came twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", type=int, default=8)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two kills at most")
    parser.add_argument(
        "--settle", type=float, default=SETTLE_SECONDS, help="seconds until everything must have settled"
    )
    parser.add_argument("--database", default="", help="PostgreSQL URL; empty means SQLite")
    parser.add_argument(
        "--postgresql", action="store_true", help="keep the records in a PostgreSQL started for this run"
    )
    parser.add_argument("--naive", action="store_true", help="kill the naive queue instead")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with postgresql() if arguments.postgresql else contextlib.nullcontext(arguments.database) as database:
        arguments.database = database
        counted = asyncio.run(measure(arguments))
    wrong = sum(counted[name] for name in WRONG)
    if arguments.json:
        side = "peer" if arguments.naive else "baton"
        print(json.dumps({"baton": None, "peer": None, "ratio": None, side: counted}))
    else:
        for name, value in counted.items():
            print(f"{name.replace('_', ' '):26} {value}{'   <- must be 0' if name in WRONG and value else ''}")
        print("nothing lost, nothing twice" if wrong == 0 else f"{wrong} things went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
