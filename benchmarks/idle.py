"""What the running service costs while nobody writes: with no conversation, and with many open ones and their clocks.

    .venv/bin/python benchmarks/idle.py [--open 20000] [--seconds 20] [--json]

Half of the conversations wait in the queue of a team that is assigned to automatically, half are in the hands of an agent who is at the
desk and has no room for another, so that no worker may simply look away. There is no peer; `open_to_empty` compares the two.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from running import Running, baton
from sla import _STORED, fill

from server.demo import DEMO_PASSWORD, DEMO_STAFF

SETTLE = 8.0
"""Seconds until what a start brings with it is over."""


def open_conversations(path: Path, count: int) -> None:
    """Write so many open conversations, each with its ticket and its clock."""
    now = datetime.now(UTC)
    fill(path, count, now)
    at = now.strftime(_STORED)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
    with sqlite3.connect(path) as connection:
        (agent,) = connection.execute("SELECT id FROM staff WHERE email = ?", (DEMO_STAFF[0][0],)).fetchone()
        connection.execute(
            f"INSERT INTO visitors (id, token_fingerprint, created_at, expires_at)"
            f" {numbers} SELECT 'vs_' || i, 'nobody ' || i, ?, ? FROM n",
            (at, at),
        )
        connection.execute(
            f"INSERT INTO conversations (id, visitor_id, channel, owner, epoch, messages, ticket_id, queued_at, created_at, updated_at)"
            f" {numbers} SELECT 'cv_' || i, 'vs_' || i, 'widget', CASE WHEN i % 2 THEN 'queue' ELSE 'agent:' || ? END, 2, 0,"
            f" 'tk_' || i, ?, ?, ? FROM n",
            (agent, at, at, at),
        )
    connection.close()


@contextlib.asynccontextmanager
async def at_the_desk(url: str) -> AsyncIterator[None]:
    """Have the agent's desk open and online for the length of the block."""
    jar = aiohttp.CookieJar(unsafe=True)  # the cookie of an address without a name
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"X-Baton": "desk", "Origin": url}) as http:
        who = {"email": DEMO_STAFF[0][0], "password": DEMO_PASSWORD}
        (await http.post(f"{url}/api/staff/session", json=who)).raise_for_status()
        async with http.ws_connect(f"{url}/api/desk/socket") as socket:
            await socket.send_json({"type": "presence", "state": "online"})
            listening = asyncio.create_task(_listen(socket))
            yield
            listening.cancel()


async def _listen(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _frame in socket:
        pass


async def cost(running: Running, seconds: float) -> float:
    """Return the share of one core that the service uses while nothing happens but an agent looking on."""
    async with at_the_desk(running.url):
        await asyncio.sleep(SETTLE)
        began, used = time.perf_counter(), running.cpu_seconds()
        await asyncio.sleep(seconds)
        return (running.cpu_seconds() - used) / (time.perf_counter() - began)


def measure(count: int, seconds: float) -> float:
    """Start `baton run` on a home with so many open conversations, and measure."""
    with tempfile.TemporaryDirectory(prefix="baton-idle-") as folder:
        home = Path(folder)
        if count:
            with baton(home) as first:
                first.wait_for("/readyz")
            open_conversations(home / "baton.db", count)
        with baton(home, BATON_ASSIGNMENT="automatic") as running:
            running.wait_for("/readyz")
            return asyncio.run(cost(running, seconds))


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, default=20_000, help="open conversations")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each is watched")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    empty, full = (measure(count, chosen.seconds) for count in (0, chosen.open))
    found: dict[str, Any] = {
        "baton": {
            "core_percent_empty": round(empty * 100, 2),
            "core_percent_open": round(full * 100, 2),
            "open_to_empty": round(full / empty, 2),
            "open": chosen.open,
        },
        "peer": None,
        "ratio": None,
    }
    if chosen.json:
        print(json.dumps(found, indent=1))
    else:
        print(f"processor time while nobody writes: {empty:.2%} of a core empty, {full:.2%} with {chosen.open:,} open")
    return 0


if __name__ == "__main__":
    sys.exit(main())
