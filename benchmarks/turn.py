"""A turn through Baton against one through Rasa's own REST channel with `rasa init`'s default project, in one run.

    .venv/bin/python benchmarks/turn.py [--json] [--seconds N] [--no-peer]

Baton's turn begins with a message on the customer's socket and ends with the event of the stored answer: two durable writes, the
search of the articles and the answer's card included. The peer's begins and ends with one HTTP request. Both run at the same time and
are asked by turns, a few seconds each, so that whatever else the machine does falls on both. No text is sent twice: most of Baton's
are held-out messages in new wordings, 7 of 10 questions for the knowledge base, 3 of 10 small talk. A conversation has six messages.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from running import Running, baton, default_project, rasa_default
from telling import say, side_by_side
from turn_messages import baton_messages, peer_messages

AT_ONCE = (1, 8, 32)
ROUNDS = 2
MESSAGES_A_CONVERSATION = 6
MOST_MESSAGES = 4_000
"""Messages of one round at most, however fast the machine is."""
LONGEST_TURN = 30.0


class Conversation(Protocol):
    """One customer's side of a conversation."""

    async def say(self, text: str) -> bool:
        """Say something and wait for the bot's answer; tells whether there was one, which a person's conversation has not."""

    async def close(self) -> None:
        """Leave."""


@dataclass
class Figures:
    """What was measured at one number of customers at once: seconds of each turn by kind, and of the whole."""

    turns: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def every(self) -> list[float]:
        """All turns' seconds."""
        return [one for some in self.turns.values() for one in some]


class OverSocket:
    """A customer of Baton on the widget's socket."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._numbers = itertools.count()

    async def open(self) -> OverSocket:
        """Open a session and its socket."""
        async with self._http.post(f"{self._url}/api/chat/sessions", json={}) as response:
            if response.status != 200:
                raise RuntimeError(f"no session: {response.status} {await response.text()}")
            token = (await response.json())["token"]
        self._socket = await self._http.ws_connect(f"{self._url}/api/chat/socket")
        await self._socket.send_json({"type": "hello", "token": token, "after": None})
        await self._socket.receive_json()
        return self

    async def say(self, text: str) -> bool:
        """Send a message and wait for the event of the bot's stored answer to it."""
        client_id = f"c{next(self._numbers)}"
        await self._socket.send_json({"type": "message", "client_id": client_id, "text": text})
        said: int | None = None
        while True:
            frame = await self._socket.receive_json()
            if frame["type"] == "error":
                raise RuntimeError(f"refused: {frame}")
            if frame["type"] == "ack" and frame["client_id"] == client_id:
                said = frame["message"]["seq"]
            if frame["type"] != "event":
                continue
            if frame["event"] == "conversation" and frame["data"]["conversation"]["owner"] != "bot":
                return False
            message = frame["data"].get("message")
            if message is None or said is None or message["seq"] <= said:
                continue
            if message["author"]["kind"] == "bot":
                return True
            if (message["notice"] or {}).get("type") == "bot_unavailable":
                raise RuntimeError("the bot failed to answer")

    async def close(self) -> None:
        """Close the socket."""
        await self._socket.close()


class OverRest:
    """A customer of Rasa's REST channel."""

    def __init__(self, http: aiohttp.ClientSession, url: str, name: str) -> None:
        self._http = http
        self._url = f"{url}/webhooks/rest/webhook"
        self._name = name

    async def say(self, text: str) -> bool:
        """Send a message and read the replies."""
        async with self._http.post(self._url, json={"sender": self._name, "message": text}) as response:
            response.raise_for_status()
            await response.json()
        return True

    async def close(self) -> None:
        """There is nothing to close."""


Opener = Callable[[aiohttp.ClientSession], Awaitable[Conversation]]


async def ask(
    figures: Figures,
    running: Running,
    opener: Opener,
    messages: Iterator[tuple[str, str]],
    at_once: int,
    seconds: float,
) -> None:
    """Have `at_once` customers talk for so many seconds, each waiting for an answer before the next message."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        began, cpu = time.perf_counter(), running.cpu_seconds()
        end = began + seconds
        budget = itertools.count()

        async def customer() -> None:
            while time.perf_counter() < end and next(budget) < MOST_MESSAGES:
                conversation = await opener(http)
                try:
                    for _ in range(MESSAGES_A_CONVERSATION):
                        kind, text = next(messages)
                        sent = time.perf_counter()
                        async with asyncio.timeout(LONGEST_TURN):
                            answered = await conversation.say(text)
                        if not answered:
                            break
                        figures.turns.setdefault(kind, []).append(time.perf_counter() - sent)
                        if time.perf_counter() >= end:
                            break
                finally:
                    await conversation.close()

        await asyncio.gather(*(customer() for _ in range(at_once)))
        figures.seconds += time.perf_counter() - began
        figures.cpu += running.cpu_seconds() - cpu


class Memory:
    """The most memory that a program and its children had at any look, one a second."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.pss = self.rss = 0.0
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(1.0):
            pss, rss = self._running.memory_mb()
            self.pss, self.rss = max(self.pss, pss), max(self.rss, rss)


def summary(measured: dict[int, Figures], memory: Memory) -> dict[str, Any]:
    """Turn what was measured into figures by name: milliseconds, messages a second, MB."""
    named: dict[str, Any] = {}
    for at_once, figures in measured.items():
        named[f"p50_ms_{at_once}"] = quantile(figures.every, 50)
        named[f"p95_ms_{at_once}"] = quantile(figures.every, 95)
        named[f"messages_per_s_{at_once}"] = round(len(figures.every) / figures.seconds, 1)
        named[f"cpu_ms_per_message_{at_once}"] = round(figures.cpu * 1000 / len(figures.every), 1)
        if len(figures.turns) > 1:
            for kind, turns in sorted(figures.turns.items()):
                named[f"{kind}_p50_ms_{at_once}"] = quantile(turns, 50)
                named[f"{kind}_p95_ms_{at_once}"] = quantile(turns, 95)
        named[f"turns_{at_once}"] = len(figures.every)
    named["peak_pss_mb"] = round(memory.pss)
    named["peak_rss_mb"] = round(memory.rss)
    return named


def quantile(seconds: list[float], percent: int) -> float:
    """Return a quantile in milliseconds."""
    ordered = sorted(seconds) * (2 if len(seconds) == 1 else 1)
    return round(statistics.quantiles(ordered, n=100, method="inclusive")[percent - 1] * 1000, 1)


def ratios(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    """Compare figure by figure, above 1 where Baton is better."""
    return {
        name: round(ours[name] / value if name.startswith("messages_per_s") else value / ours[name], 2)
        for name, value in theirs.items()
        if not name.startswith("turns") and ours.get(name)
    }


async def measure(ours: Running, theirs: Running | None, seconds: float) -> dict[str, Any]:
    """Warm both up, then ask them by turns."""

    async def open_baton(http: aiohttp.ClientSession) -> Conversation:
        return await OverSocket(http, ours.url).open()

    names = (f"customer-{number}" for number in itertools.count())

    async def open_peer(http: aiohttp.ClientSession) -> Conversation:
        assert theirs is not None
        return OverRest(http, theirs.url, next(names))

    sides: list[tuple[str, Running, Opener, Iterator[tuple[str, str]]]] = [
        ("baton", ours, open_baton, baton_messages(seed=1))
    ]
    if theirs is not None:
        sides.append(("peer", theirs, open_peer, peer_messages(seed=1)))
    memory = {name: Memory(running) for name, running, _, _ in sides}
    for _, running, opener, messages in sides:
        await ask(Figures(), running, opener, messages, 2, 3.0)
    measured: dict[str, dict[int, Figures]] = {name: {} for name, *_ in sides}
    for at_once in AT_ONCE:
        for number in range(ROUNDS):
            for name, running, opener, messages in sides:
                say(f"{name}: {at_once} at once, round {number + 1} of {ROUNDS} …")
                figures = measured[name].setdefault(at_once, Figures())
                await ask(figures, running, opener, messages, at_once, seconds / ROUNDS)
    for one in memory.values():
        one.stop()
    found: dict[str, Any] = {name: summary(measured[name], memory[name]) for name, *_ in sides}
    found.setdefault("peer", None)
    found["ratio"] = None if found["peer"] is None else ratios(found["baton"], found["peer"])
    return found


def aims(found: dict[str, Any]) -> list[str]:
    """Say how far the figures are from what was aimed at."""
    ours, theirs = found["baton"], found["peer"]
    if theirs is None:
        return []
    p50 = ours["p50_ms_1"] / theirs["p50_ms_1"]
    more = ours["peak_pss_mb"] - theirs["peak_pss_mb"]
    return [
        f"\nAims: p50 at most 0.6 of the default's ({p50:.2f}); throughput at least 3 times (ratios of messages_per_s);",
        f"memory at most 600 MB more ({more:+} MB).",
    ]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long each side is asked at each number of customers"
    )
    parser.add_argument("--no-peer", action="store_true", help="measure Baton alone")
    chosen = parser.parse_args()

    model = None if chosen.no_peer else default_project(say)
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder, baton(Path(folder)) as ours:
        say("Starting Baton …")
        ours.wait_for("/readyz")
        if model is None:
            found = asyncio.run(measure(ours, None, chosen.seconds))
        else:
            with rasa_default(Path(folder), model) as theirs:
                say("Starting Rasa's default project …")
                theirs.wait_for("/")
                found = asyncio.run(measure(ours, theirs, chosen.seconds))
    print(json.dumps(found, indent=1) if chosen.json else side_by_side(found, *aims(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
