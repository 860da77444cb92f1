"""What SLA clocks cost: one tick among N open clocks against the plain scan, and how late things fire across kills of the worker.

    .venv/bin/python benchmarks/sla.py --clocks 1000000
    .venv/bin/python benchmarks/sla.py --clocks 100000 --lateness

The tick fires 100 breaches that are due, with audit and planned escalations, and commits. The peer reads every open clock and looks
whether it is due, as a cron job over all open tickets does; it fires nothing. With --lateness two workers, each a process of its
own, share the clocks while one after the other is killed with SIGKILL and started again; an observer sees in the database when each
breach is there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
import structlog

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.clock import SystemClock
from core.database import Database
from handoff.sla import clock_states
from handoff.sla.clock_states import SlaClock
from handoff.sla.clocks import sla_clocks
from handoff.sla.escalating import fire
from handoff.sla.policies import policy_data
from handoff.sla.sla_rules import shipped_rules
from server.migrate import migrate
from server.service import Service
from server.sla_worker import run_clocks

DUE = 100
TICKS = 7
_STORED = "%Y-%m-%d %H:%M:%S.%f"


def fill(path: Path, clocks: int, now: datetime) -> None:
    """Write `clocks` running clocks that are due after an hour, each with its ticket."""
    policy = json.dumps(policy_data(shipped_rules().policies[0]))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {clocks})"
        at = now.strftime(_STORED)
        connection.execute(
            f"INSERT INTO tickets (id, number, subject, text, source, status, category, priority, team, tags, reasons, confidence,"
            f" created_at, updated_at) {numbers} SELECT 'tk_' || i, 'B-' || i, 'A question', 'A question', 'widget', 'open', 'other',"
            f" 'normal', 'support', '[]', '[]', 0.5, ?, ? FROM n",
            (at, at),
        )
        due = f"strftime('%Y-%m-%d %H:%M:%f000', '{at}', '+' || (3600 + i % 86400) || ' seconds')"
        connection.execute(
            f"INSERT INTO sla_clocks (id, ticket_id, metric, stretch, state, priority, target_minutes, policy_snapshot, started_at,"
            f" pauses, due_at, warn_at, next_due_at, warned_at) {numbers} SELECT 'sc_' || i, 'tk_' || i, 'first_response', 0, 'running',"
            f" 'normal', 480, ?, ?, '[]', {due}, ?, {due}, ? FROM n",
            (policy, at, at, at),
        )
    connection.close()


def make_due(path: Path, ids: list[int], moments: list[datetime]) -> None:
    """Give clocks these deadlines."""
    with sqlite3.connect(path) as connection:
        rows = [(at.strftime(_STORED), at.strftime(_STORED), f"sc_{one}") for one, at in zip(ids, moments, strict=True)]
        connection.executemany("UPDATE sla_clocks SET due_at = ?, next_due_at = ? WHERE id = ?", rows)
    connection.close()


async def measure_ticks(database: Database, path: Path, clocks: int, draw: random.Random) -> dict[str, float]:
    """Time ticks with 100 due, with nothing due, and the scan."""
    clock = SystemClock()
    ticks, idle = [], []
    ids = draw.sample(range(clocks), DUE * TICKS)
    for turn in range(TICKS):
        now = clock.now()
        make_due(path, ids[turn * DUE : (turn + 1) * DUE], [now - timedelta(seconds=1)] * DUE)
        began = time.perf_counter()
        async with database.write() as tx:
            fired = await fire(tx, now, 200)
        ticks.append(time.perf_counter() - began)
        if len(fired) != DUE:
            raise SystemExit(f"{len(fired)} clocks fired, not {DUE}")
        began = time.perf_counter()
        async with database.write() as tx:
            await fire(tx, now, 200)
        idle.append(time.perf_counter() - began)
    now = clock.now()
    began = time.perf_counter()
    async with database.engine.connect() as connection:
        rows = await connection.stream(sa.select(sla_clocks).where(sla_clocks.c.state.in_(["running", "paused"])))
        async for row in rows.mappings():
            clock_states.fired(SlaClock.of(row), now)
    scan = time.perf_counter() - began
    began = time.perf_counter()
    async with database.engine.connect() as connection:
        late = sa.select(sa.func.count()).where(
            sla_clocks.c.state == "running", sa.func.coalesce(sla_clocks.c.due_at, "") <= now
        )
        await connection.execute(late)
    in_sql = time.perf_counter() - began
    return {
        "tick_ms": statistics.median(ticks) * 1000,
        "idle_tick_ms": statistics.median(idle) * 1000,
        "scan_ms": scan * 1000,
        "scan_in_sql_ms": in_sql * 1000,
    }


def start_worker(path: Path) -> subprocess.Popen[bytes]:
    """Start a worker of the service as a process of its own."""
    return subprocess.Popen([sys.executable, __file__, "--worker", str(path)])


async def measure_lateness(
    database: Database, path: Path, clocks: int, draw: random.Random, seconds: int
) -> dict[str, Any]:
    """Let clocks fall due while workers are killed, and observe when each breach is there."""
    workers = [start_worker(path) for _ in range(2)]
    await asyncio.sleep(6)
    begins = datetime.now(UTC) + timedelta(seconds=4)
    many = 40 * seconds
    ids = draw.sample(range(clocks), many)
    make_due(path, ids, [begins + timedelta(seconds=seconds * draw.random()) for _ in ids])
    kills = [begins + timedelta(seconds=seconds * share) for share in (0.25, 0.5, 0.75)]
    lateness: list[float] = []
    last, killed = 0, 0
    query = sa.text("SELECT id, at FROM sla_audit WHERE id > :last AND what = 'breach' ORDER BY id")
    while datetime.now(UTC) < begins + timedelta(seconds=seconds + 3):
        await asyncio.sleep(0.01)
        if killed < len(kills) and datetime.now(UTC) >= kills[killed]:
            victim = killed % 2
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            workers[victim] = start_worker(path)
            killed += 1
        async with database.read() as reader:
            rows = (await reader.execute(query, {"last": last})).all()
            seen = datetime.now(UTC)  # after the look: before it, what came meanwhile would count as told early
            for row in rows:
                last = row.id
                lateness.append((seen - datetime.fromisoformat(row.at).replace(tzinfo=UTC)).total_seconds() * 1000)
    for worker in workers:
        worker.kill()
        worker.wait()
    with sqlite3.connect(path) as connection:
        told, distinct = connection.execute(
            "SELECT count(*), count(DISTINCT clock_id) FROM sla_audit WHERE what = 'breach'"
        ).fetchone()
    ranked = sorted(lateness)
    return {
        "running": clocks,
        "due": many,
        "fired": told,
        "fired_twice": told - distinct,
        "missed": many - distinct,
        "kills": killed,
        "p50_ms": ranked[len(ranked) // 2],
        "p99_ms": ranked[int(len(ranked) * 0.99)],
        "most_ms": ranked[-1],
    }


async def work(path: Path) -> None:
    """Be a worker until killed."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    database = Database.open(f"sqlite:///{path}")
    await run_clocks(cast(Service, SimpleNamespace(database=database, clock=SystemClock())))


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fill a database and measure."""
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="baton-sla-", dir=arguments.folder) as folder:
        path = Path(folder) / "clocks.db"
        database = Database.open(f"sqlite:///{path}")
        try:
            await migrate(database)
            began = time.perf_counter()
            fill(path, arguments.clocks, datetime.now(UTC))
            print(f"{arguments.clocks:,} clocks in {time.perf_counter() - began:.0f} s", file=sys.stderr)
            if arguments.lateness:
                return await measure_lateness(database, path, arguments.clocks, draw, arguments.seconds)
            return await measure_ticks(database, path, arguments.clocks, draw)
        finally:
            await database.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument(
        "--lateness", action="store_true", help="how late breaches are there, across kills of the workers"
    )
    parser.add_argument(
        "--seconds", type=int, default=40, help="with --lateness: over how long they fall due (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where the database is written; by default the system's place for such")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        asyncio.run(work(arguments.worker))
        return
    found = asyncio.run(measure(arguments))
    if arguments.lateness:
        result = {"baton": found, "peer": None, "ratio": None}
    else:
        peer = {"scan_ms": found.pop("scan_ms"), "scan_in_sql_ms": found.pop("scan_in_sql_ms")}
        ratio = {name: peer[name] / found["tick_ms"] for name in peer}
        result = {"baton": found, "peer": peer, "ratio": ratio}
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for part, figures in result.items():
        for name, value in (figures or {}).items():
            print(f"{part:<6} {name:<16} {value:>14,.2f}")


if __name__ == "__main__":
    main()
