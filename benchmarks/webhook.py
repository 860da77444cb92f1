"""Rasa's part of a turn: the shipped assistant behind its webhook, on one core, against `rasa init`'s default behind its REST channel.

    .venv/bin/python benchmarks/webhook.py [--json] [--seconds N] [--no-peer]

Both servers are held to one core each in turn, and the customers to another where there is one. Messages are the held-out ones of
`benchmarks/turn.py`, in ever new wordings. The service's actions are answered at once by a stand-in with an answer of the usual size, so
that what is measured is understanding, dialogue and channel, the calls of actions included, and not the search of the articles.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiohttp import web
from running import Running, assistant, default_project, free_port, rasa_default
from telling import side_by_side
from turn import MESSAGES_A_CONVERSATION, Memory, quantile, ratios
from turn_messages import baton_messages, peer_messages

AT_ONCE = (1, 8)
AIMS = "\nAims: 150 messages/s, p50 at most 8 ms, at most 700 MB resident, ready within 15 s."
TOKEN = "a-token-for-the-benchmark"
ANSWER = {
    "article_id": "ar_1",
    "slug": "x",
    "title": "An article",
    "heading": "",
    "url": "/help/x",
    "html": "<p>word</p>" * 150,
}
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
Say = Callable[[aiohttp.ClientSession, str, str], Awaitable[None]]


@asynccontextmanager
async def stand_in(port: int) -> AsyncIterator[None]:
    """Serve the actions' address: each answers at once with what an action that found an article answers."""

    async def act(request: web.Request) -> web.Response:
        await request.read()
        slots = {"article_id": "ar_1", "failed_turns": 0.0}
        events = [{"event": "slot", "timestamp": None, "name": name, "value": value} for name, value in slots.items()]
        custom = {"type": "answer", "article_id": "ar_1", "answer": ANSWER}
        return web.json_response({"events": events, "responses": [{"response": "utter_answer", "custom": custom}]})

    app = web.Application()
    app.router.add_post("/internal/actions", act)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def ask(
    running: Running, say: Say, messages: Iterator[tuple[str, str]], at_once: int, seconds: float
) -> dict[str, Any]:
    """Have `at_once` customers talk for so many seconds; returns figures by name."""
    turns: list[float] = []
    names = itertools.count()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        began, cpu = time.perf_counter(), running.cpu_seconds()
        end = began + seconds

        async def customer() -> None:
            while time.perf_counter() < end:
                name = f"customer-{at_once}-{next(names)}.0"
                for _ in range(MESSAGES_A_CONVERSATION):
                    sent = time.perf_counter()
                    await say(http, name, next(messages)[1])
                    turns.append(time.perf_counter() - sent)
                    if time.perf_counter() >= end:
                        break

        await asyncio.gather(*(customer() for _ in range(at_once)))
        took = time.perf_counter() - began
        used = running.cpu_seconds() - cpu
    return {
        f"p50_ms_{at_once}": quantile(turns, 50),
        f"p95_ms_{at_once}": quantile(turns, 95),
        f"messages_per_s_{at_once}": round(len(turns) / took, 1),
        f"cpu_ms_per_message_{at_once}": round(used * 1000 / len(turns), 2),
        f"turns_{at_once}": len(turns),
    }


async def measure(
    name: str, running: Running, say: Say, messages: Iterator[tuple[str, str]], seconds: float
) -> dict[str, Any]:
    """Warm up, then ask at each number of customers, the server being held to one core."""
    memory = Memory(running)
    await ask(running, say, messages, 2, 2.0)
    found: dict[str, Any] = {}
    for at_once in AT_ONCE:
        print(f"{name}: {at_once} at once …", file=sys.stderr, flush=True)
        found |= await ask(running, say, messages, at_once, seconds)
    memory.stop()
    return {**found, "peak_rss_mb": round(memory.rss), "peak_pss_mb": round(memory.pss)}


def hold_to_one_core(running: Running) -> None:
    """Give a program the machine's last core alone, and leave the others to the customers."""
    cores = sorted(os.sched_getaffinity(0))
    for one in running.processes():
        for thread in one.threads():
            os.sched_setaffinity(thread.id, {cores[-1]})
        psutil.Process(one.pid).cpu_affinity([cores[-1]])
    os.sched_setaffinity(0, set(cores[:-1]) or set(cores))


async def of_baton(folder: Path, seconds: float) -> dict[str, Any]:
    """Measure the shipped assistant."""
    port = free_port()
    began = time.perf_counter()
    async with stand_in(port):
        with assistant(folder, TOKEN, f"http://127.0.0.1:{port}/internal/actions") as running:
            await asyncio.to_thread(_wait_for, running)
            ready = time.perf_counter() - began
            hold_to_one_core(running)

            async def say(http: aiohttp.ClientSession, name: str, text: str) -> None:
                body = {"conversation": name, "text": text}
                async with http.post(f"{running.url}/webhooks/baton/turn", json=body, headers=HEADERS) as response:
                    response.raise_for_status()
                    await response.json()

            found = await measure("baton", running, say, baton_messages(seed=1), seconds)
    return {"ready_s": round(ready, 1), **found}


def _wait_for(running: Running) -> None:
    asked = urllib.request.Request(f"{running.url}/webhooks/baton/ready", headers=HEADERS)
    while True:
        running.ready("/")
        with contextlib.suppress(OSError), urllib.request.urlopen(asked, timeout=2):
            return
        time.sleep(0.05)


async def of_peer(folder: Path, model: Path, seconds: float) -> dict[str, Any]:
    """Measure Rasa's default project."""
    began = time.perf_counter()
    with rasa_default(folder, model) as running:
        await asyncio.to_thread(running.wait_for, "/")
        ready = time.perf_counter() - began
        hold_to_one_core(running)

        async def say(http: aiohttp.ClientSession, name: str, text: str) -> None:
            body = {"sender": name, "message": text}
            async with http.post(f"{running.url}/webhooks/rest/webhook", json=body) as response:
                response.raise_for_status()
                await response.json()

        found = await measure("peer", running, say, peer_messages(seed=1), seconds)
    return {"ready_s": round(ready, 1), **found}


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long at each number of customers")
    parser.add_argument("--no-peer", action="store_true", help="measure the assistant alone")
    chosen = parser.parse_args()
    model = None if chosen.no_peer else default_project(lambda words: print(words, file=sys.stderr))
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        ours = asyncio.run(of_baton(Path(folder), chosen.seconds))
        os.sched_setaffinity(0, cores)
        theirs = None if model is None else asyncio.run(of_peer(Path(folder), model, chosen.seconds))
    found = {"baton": ours, "peer": theirs, "ratio": None if theirs is None else ratios(ours, theirs)}
    print(json.dumps(found, indent=1) if chosen.json else side_by_side(found, AIMS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
