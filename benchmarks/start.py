"""How soon Baton serves: from the start of `baton run` to the first accepted chat message, and to the bot's first answer.

    .venv/bin/python benchmarks/start.py [--json] [--runs N]

It is the second start in a home that counts, as after every restart: the first one, which makes the database and the knowledge index,
goes unmeasured. A visitor who is waiting tries every 50 ms to open a session, sends a message at once, and waits for the answer.
There is no peer; the aims are 2 s and 15 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
from running import Running, baton

QUESTION = "can I get my invoices as pdf?"
PATIENCE = 120.0


async def first_chat(running: Running, began: float) -> tuple[float, float, float]:
    """Return seconds from `began` to the ack, to the answer, and the processor time that all of it took."""
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.post(f"{running.url}/api/chat/sessions", json={}) as response:
                    token = (await response.json())["token"]
                    break
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.05)
        async with http.ws_connect(f"{running.url}/api/chat/socket") as socket:
            await socket.send_json({"type": "hello", "token": token, "after": None})
            await socket.send_json({"type": "message", "client_id": "first", "text": QUESTION})
            acked = None
            async for received in socket:
                frame = received.json()
                if frame["type"] == "ack":
                    acked = time.perf_counter() - began
                message = frame["data"].get("message") if frame["type"] == "event" else None
                if message and message["author"]["kind"] == "bot":
                    assert acked is not None
                    return acked, time.perf_counter() - began, running.cpu_seconds()
                if message and message["author"]["kind"] == "system":
                    raise RuntimeError(f"the bot did not answer: {message['text']}")
    raise RuntimeError("the socket closed")


def first_start(home: Path) -> None:
    """Start Baton in an empty home, wait until everything in it is made, and stop it."""
    with baton(home) as running:
        running.wait_for("/readyz")


def start(home: Path) -> tuple[float, float, float]:
    """Start Baton in this home, have the first chat, and stop it."""
    began = time.perf_counter()
    with baton(home) as running:
        return asyncio.run(asyncio.wait_for(first_chat(running, began), PATIENCE))


def measure(runs: int) -> dict[str, Any]:
    """Start once for nothing, then `runs` times; figures are medians in seconds."""
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        first_start(Path(folder))
        measured = [start(Path(folder)) for _ in range(runs)]
    names = ("first_ack_s", "first_answer_s", "cpu_s_to_first_answer")
    found = {
        name: round(statistics.median(values), 2)
        for name, values in zip(names, zip(*measured, strict=True), strict=True)
    }
    return {"baton": {**found, "runs": runs}, "peer": None, "ratio": None}


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--runs", type=int, default=3, help="measured starts")
    chosen = parser.parse_args()
    found = measure(chosen.runs)
    if chosen.json:
        print(json.dumps(found, indent=1))
        return 0
    ours = found["baton"]
    print(f"median of {ours['runs']} second starts     measured    aim")
    print(f"first accepted message      {ours['first_ack_s']:>8.2f} s    2 s")
    print(f"first answer by the bot     {ours['first_answer_s']:>8.2f} s   15 s")
    print(f"processor time until then   {ours['cpu_s_to_first_answer']:>8.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
