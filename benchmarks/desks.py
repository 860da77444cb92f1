"""How soon an event reaches every open desk while the bot is saturated, against telling each desk plainly, in one run.

    .venv/bin/python benchmarks/desks.py --desks 1000 [--json]

`--customers` customers talk with the bot without a pause. Beside them one more customer waits in the queue and writes a probe twice a
second; each of the desks, every one signed in as an agent of its own, shows the queue and is to be told. What is measured begins with the
probe's frame on the customer's socket, so that it holds the durable write, and ends where a desk's socket has read it. The desks are
plain sockets in one process beside the service, on the same machine. `kept` is when the customer reads that the probe is kept, and
`after_kept` what passes from there until a desk has it, which may be less than nothing: the customer's side reads late under its own load.

The peer is the same service under the same load with the plain way in its place: every frame is for every desk, and for each desk it is
encoded and awaited in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
from running import ROOT, Running, baton
from turn import OverSocket
from turn_messages import baton_messages

sys.path.insert(0, str(ROOT))

from core.database import Database
from core.identifiers import fingerprint, new_id
from handoff.tables import staff, staff_sessions

PROBE_SECONDS = 0.5
WARM_UP_SECONDS = 8.0
LATE_SECONDS = 5.0
"""How long the last probe may take."""


async def hire(home: Path, desks: int) -> list[str]:
    """Make agents, each signed in; returns their sessions' secrets."""
    given = [secrets.token_urlsafe(24) for _ in range(desks)]
    at = datetime.now(UTC)
    people = [
        {
            "id": new_id("st"), "email": f"agent{number}@bench.example", "name": f"Agent {number}", "role": "agent", "active": True,
            "password_hash": "-", "created_at": at, "capacity": 0,
        }
        for number in range(desks)
    ]  # fmt: skip
    sessions = [
        {"token_fingerprint": fingerprint(secret), "staff_id": one["id"], "expires_at": at + timedelta(days=1)}
        for secret, one in zip(given, people, strict=True)
    ]
    database = Database.open(f"sqlite:///{home / 'baton.db'}")
    try:
        async with database.write() as tx:
            await tx.execute(sa.insert(staff), people)
            await tx.execute(sa.insert(staff_sessions), sessions)
    finally:
        await database.close()
    return given


class Load:
    """Customers who talk with the bot without a pause."""

    def __init__(self, http: aiohttp.ClientSession, running: Running) -> None:
        self._http, self._running = http, running
        self._messages = baton_messages(seed=1)
        self.answers = 0
        self.over = False

    async def customer(self) -> None:
        """Talk until it is over."""
        while not self.over:
            conversation = await OverSocket(self._http, self._running.url).open()
            with contextlib.suppress(TimeoutError, RuntimeError):
                for _ in range(6):
                    async with asyncio.timeout(30):
                        if self.over or not await conversation.say(next(self._messages)[1]):
                            break
                    self.answers += 1
            await conversation.close()


async def queued(http: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
    """Open a chat that waits in the queue."""
    async with http.post(f"{url}/api/chat/sessions", json={}) as response:
        token = (await response.json())["token"]
    line = await http.ws_connect(f"{url}/api/chat/socket")
    await line.send_json({"type": "hello", "token": token, "after": None})
    await line.send_json({"type": "person", "client_id": "p"})
    while True:
        frame = await line.receive_json(timeout=30)
        if frame.get("event") == "conversation" and frame["data"]["conversation"]["owner"] == "queue":
            return line


async def probe(line: aiohttp.ClientWebSocketResponse, seconds: float) -> tuple[dict[str, float], dict[str, float]]:
    """Write probes for so long; returns when each was sent, and when its customer read that it is kept."""
    sent: dict[str, float] = {}
    kept: dict[str, float] = {}

    async def read() -> None:
        async for received in line:
            frame = json.loads(received.data)
            if frame["type"] == "ack" and frame["client_id"].startswith("c"):
                kept[frame["client_id"].removeprefix("c")] = time.monotonic()

    reading = asyncio.create_task(read())
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number = str(len(sent))
        sent[number] = time.monotonic()
        await line.send_json({"type": "message", "client_id": f"c{number}", "text": f"probe-{number}-"})
        await asyncio.sleep(PROBE_SECONDS)
    await asyncio.sleep(LATE_SECONDS)
    reading.cancel()
    return sent, kept


async def measure(running: Running, home: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Open the desks, load the bot, and probe."""
    given = await hire(home, arguments.desks)
    host, port = running.url.removeprefix("http://").split(":")
    readers = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "benchmarks" / "desk_readers.py"), host, port,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 28,
    )  # fmt: skip
    assert readers.stdin is not None
    assert readers.stdout is not None
    opening = time.monotonic()
    readers.stdin.write(("\n".join(given) + "\n\n").encode())
    if (await readers.stdout.readline()).strip() != b"ready":
        sys.exit("the desks could not be opened")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        load = Load(http, running)
        customers = [asyncio.create_task(load.customer()) for _ in range(arguments.customers)]
        await asyncio.sleep(WARM_UP_SECONDS)
        line = await queued(http, running.url)
        answered, cpu, began = load.answers, running.cpu_seconds(), time.monotonic()
        sent, kept = await probe(line, arguments.seconds)
        took = time.monotonic() - began
        answered, cpu = load.answers - answered, running.cpu_seconds() - cpu
        load.over = True
        readers.stdin.close()
        open_for = time.monotonic() - opening
        heard = json.loads(await readers.stdout.readline())
        await readers.wait()
        for one in customers:
            one.cancel()
        await asyncio.gather(*customers, return_exceptions=True)
    late = [(at - sent[number]) * 1000 for number, ats in heard["arrivals"].items() if number in sent for at in ats]
    if len(late) < 2:
        sys.exit("no probe reached a desk")
    cuts = statistics.quantiles(late, n=100, method="inclusive")
    after_kept = [
        (at - kept[number]) * 1000 for number, ats in heard["arrivals"].items() if number in kept for at in ats
    ]
    since = statistics.quantiles(after_kept, n=100, method="inclusive")
    writes = sorted((at - sent[number]) * 1000 for number, at in kept.items())
    return {
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
        "most_ms": round(max(late), 1),
        "after_kept_p50_ms": round(since[49], 1),
        "after_kept_p99_ms": round(since[98], 1),
        "kept_p50_ms": round(writes[len(writes) // 2], 1),
        "kept_most_ms": round(writes[-1], 1),
        "desks": arguments.desks,
        "probes": len(sent),
        "never_arrived": len(sent) * arguments.desks - len(late),
        "desks_cut_off": heard["closed"],
        "mb_to_desks_per_s": round(heard["bytes"] / open_for / 1e6, 2),
        "bot_answers_per_s": round(answered / took, 1),
        "service_and_bot_cores": round(cpu / took, 2),
    }


async def plainly(hub: Any, frames: Sequence[Any], *, fleeting: bool = False) -> None:
    """Tell every desk everything, one desk after the other, encoding each frame for each."""
    from server.open_desks import open_desks

    for desk in open_desks(hub):
        for frame in frames:
            with contextlib.suppress(ConnectionError):
                await desk._socket.send_json({"type": "event", "event": frame.event, "data": frame.data})


def serve_plainly() -> None:
    """Be `baton run` with the plain way in place of the shipped one."""
    from server import command, news, typists

    news.show_desks = typists.show_desks = plainly  # type: ignore[attr-defined]
    news.followers = lambda _hub: lambda _standing: True  # type: ignore[attr-defined]
    sys.exit(command.main(["run"]))


@contextlib.contextmanager
def service(plain: bool) -> Iterator[tuple[Running, Path]]:
    """Run the service, the shipped one or the peer."""
    own = [sys.executable, str(Path(__file__).resolve()), "--serve-plainly"] if plain else None
    with tempfile.TemporaryDirectory(prefix="baton-desks-") as folder, baton(Path(folder), own) as running:
        running.wait_for("/readyz")
        yield running, Path(folder)


def main() -> int:
    """Run the benchmark."""
    if "--serve-plainly" in sys.argv:
        serve_plainly()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desks", type=int, default=1000)
    parser.add_argument("--customers", type=int, default=32, help="who talk with the bot at once (%(default)s)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of probing, each side (%(default)s)")
    parser.add_argument("--no-peer", action="store_true", help="measure Baton alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found: dict[str, dict[str, Any] | None] = {"baton": None, "peer": None, "ratio": None}
    for side in ("baton",) if arguments.no_peer else ("baton", "peer"):
        print(f"{side}: {arguments.desks} desks, {arguments.customers} customers …", file=sys.stderr, flush=True)
        with service(plain=side == "peer") as (running, home):
            found[side] = asyncio.run(measure(running, home, arguments))
    ours, theirs = found["baton"], found["peer"]
    if ours is not None and theirs is not None:
        better = {name: round(theirs[name] / ours[name], 2) for name in ("p50_ms", "p95_ms", "p99_ms", "most_ms")}
        more = round(ours["bot_answers_per_s"] / theirs["bot_answers_per_s"], 2)
        found["ratio"] = {**better, "bot_answers_per_s": more}
    if arguments.json:
        print(json.dumps(found, indent=1))
        return 0
    for side, figures in found.items():
        for name, value in (figures or {}).items():
            print(f"{side:<6} {name:<22} {value:>12,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
