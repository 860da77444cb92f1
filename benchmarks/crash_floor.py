"""All that `benchmarks/crashes.py` kills, each a process of its own: two services or the naive queue, and Redis."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import redis.asyncio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from running import free_port  # noqa: E402

from server.processes import redis_server  # noqa: E402

TOKEN = "a-token-for-crashes"
ADMIN = {"email": "crash@fernhill.example", "password": "crash-crash-crash"}
POLICY = """
policies:
  - name: one minute
    warn_at: 0.5
    targets: {urgent: &t {first_response: 1, next_response: 1, resolution: 1}, high: *t, normal: *t, low: *t}
"""


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
            await self.until_open(self.ports[self.services.index(service)])

    async def until_open(self, *ports: int) -> None:
        """Wait until a service at one of these ports takes chats; ends the run with a log if none does within two minutes."""
        end = time.monotonic() + 120
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while time.monotonic() < end:
                for port in ports:
                    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                        async with http.get(f"http://127.0.0.1:{port}/healthz") as response:
                            if response.status == 200:
                                return
                await asyncio.sleep(0.1)
        sys.exit(f"The service did not start:\n{(self.home / 'service0.log').read_text()[-2000:]}")

    async def kill_at_random(self, kills: int, longest_pause: float) -> None:
        """Kill one thing after another; what was killed is started again at once.

        While both services start nothing is killed: where a start takes longer than a pause, nothing would ever happen that could be lost.
        """
        for _ in range(kills):
            await self.until_open(*self.ports[: len(self.services)])
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
