"""The crash harness in short: real processes and a real Redis killed under load. The long run is benchmarks/crashes.py."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from server.settings import ROOT


async def crash(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, str(ROOT / "benchmarks" / "crashes.py"), "--json", "--customers", "3", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    told, _ = await process.communicate()
    return process.returncode or 0, json.loads(told)


async def test_ten_kills_lose_nothing_and_show_nothing_twice() -> None:
    # It ends as soon as all has settled; what a killed process had in hand is delivered when its lease of a minute ends.
    status, counted = await crash("--kills", "10", "--seed", "7", "--pause", "2")
    assert status == 0, json.dumps(counted["baton"])
    assert counted["baton"]["messages_acknowledged"] > 0


async def test_the_same_kills_are_too_much_for_a_naive_queue() -> None:
    status, counted = await crash("--kills", "4", "--seed", "7", "--pause", "2", "--naive")
    assert status == 1
    assert counted["peer"]["lost"] > 0
