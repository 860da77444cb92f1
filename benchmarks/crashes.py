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
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
from crash_floor import Floor
from crash_ledger import naive_ledger, sql_ledger
from crash_people import agent, assistant_and_receiver, customer, read_to_the_end

SETTLE_SECONDS = 150.0
"""How long the last clocks and turns may take after the last kill: a minute and a half until a breach, and a process's start."""


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
                    await floor.until_open(floor.ports[number])
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
    if counted["messages_acknowledged"] < counted["kills"]:
        print(
            "Fewer messages were acknowledged than things killed: that proves nothing. Try a longer --pause.",
            file=sys.stderr,
        )
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
