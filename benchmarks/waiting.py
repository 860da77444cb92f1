"""Measures how wrong the waiting times are that customers read, in a simulated support floor, against the naive average of past waits.

    python benchmarks/waiting.py [--days N] [--seed N] [--json]

A discrete-event simulation of working days: arrivals by a Poisson process whose rate follows the hour, four priorities in the shares
and with the deadlines of the default policy, log-normal handling times, agents who take several conversations at once, come and go by
shifts, serve one team or all, and differ in skills and languages. A conversation goes to whoever serves its team, has the skills and the
language that it asks for and has room, the least loaded first, in the order that things are due. Each customer who has to wait gets an
estimate at the moment they begin to; it is compared with what they then waited. Estimator, handling
times and choice of agent are the product's own (`handoff.routing`). The peer tells everyone the mean of the last 30 waits, as is common.
`plain` is the peer of the same form with capacity left out: everyone counted once.
Times are simulated minutes; nothing depends on this machine.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import statistics
import sys
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from handoff.routing.choosing import Candidate, Need, choose_agent
from handoff.routing.estimating import (
    RECENT,
    RECENT_ARRIVALS,
    Came,
    Staffed,
    Waiting,
    estimate_waits,
    expected_from,
    handling_minutes,
)

Drawn = TypeVar("Drawn")
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
DAY = 24 * 60.0
PRIORITIES = ((0.08, 30), (0.22, 120), (0.50, 480), (0.20, 1440))
"""Share of each priority, and its first-response target in minutes."""
TEAMS = ((0.5, "support"), (0.3, "billing"), (0.2, "technical"))
LANGUAGES = ((0.85, "en"), (0.15, "de"))
SKILLS: tuple[tuple[float, frozenset[str]], ...] = ((0.88, frozenset()), (0.12, frozenset({"api"})))
MEDIAN_MINUTES, SPREAD = 9.0, 0.8
"""Handling times are log-normal: their median, and the standard deviation of their logarithm."""


@dataclass
class Agent:
    """One person of the floor."""

    name: str
    capacity: int
    teams: frozenset[str]
    shift: tuple[float, float]
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset({"en"})
    load: int = 0
    idle_since: float = 0.0

    def on_duty(self, minute: float) -> bool:
        """Tell whether they take conversations at this minute."""
        begin, end = self.shift
        return begin <= minute % DAY < end


@dataclass(order=True)
class Waiter:
    """A conversation in the queue, in the order of what is due."""

    due: float
    number: int
    need: Need = field(compare=False)
    arrived: float = field(compare=False)
    told: tuple[float, float, float] | None = field(compare=False, default=None)


class Floor:
    """The simulation: agents, the queue, and what was measured."""

    def __init__(self, seed: int, days: int) -> None:
        self.random = random.Random(seed)
        self.days = days
        self.agents = [
            Agent(f"a{n}", capacity, teams, shift, skills, frozenset({"en", *more}))
            for n, (capacity, teams, shift, skills, more) in enumerate(
                [
                    (3, frozenset(), (480, 960), frozenset(), ("de",)),
                    (2, frozenset(), (540, 1020), frozenset({"api"}), ()),
                    (4, frozenset({"support"}), (480, 1020), frozenset(), ()),
                    (2, frozenset({"billing"}), (480, 900), frozenset(), ("de",)),
                    (2, frozenset({"technical", "support"}), (600, 1080), frozenset({"api"}), ("de",)),
                    (1, frozenset({"billing", "support"}), (540, 1080), frozenset(), ()),
                ]
            )
        ]
        self.queue: list[Waiter] = []
        self.spells: deque[timedelta] = deque(maxlen=RECENT)
        self.waits: deque[float] = deque(maxlen=RECENT)
        self.came: deque[Came] = deque(maxlen=RECENT_ARRIVALS)
        self.errors: list[tuple[float, float, float, float]] = []

    def run(self) -> None:
        """Let the days pass."""
        events: list[tuple[float, int, str, Agent | None, float]] = []
        ticket = 0
        for day in range(self.days):
            minute = day * DAY + 480
            while (minute := minute + self.random.expovariate(self._rate(minute % DAY))) < day * DAY + 1050:
                ticket += 1
                heapq.heappush(events, (minute, ticket, "arrives", None, 0.0))
            for change in {edge for agent in self.agents for edge in agent.shift}:
                ticket += 1
                heapq.heappush(events, (day * DAY + change, ticket, "shift", None, 0.0))
        while events:
            now, _, what, agent, began = heapq.heappop(events)
            if what == "arrives":
                self._arrive(now, ticket)
            elif agent is not None:
                agent.load -= 1
                agent.idle_since = now
                self.spells.append(timedelta(minutes=now - began))
            for taken_by in self._assign(now):
                ticket += 1
                length = self.random.lognormvariate(math.log(MEDIAN_MINUTES), SPREAD)
                heapq.heappush(events, (now + length, ticket, "ends", taken_by, now))

    def _rate(self, minute: float) -> float:
        """Return arrivals a minute: two peaks, at eleven and at three, at which the floor falls behind."""
        peaks = sum(math.exp(-(((minute - peak) / 70) ** 2)) for peak in (660, 900))
        return 0.35 + 0.85 * peaks

    def _arrive(self, now: float, number: int) -> None:
        target = float(self._draw(PRIORITIES))
        need = Need(self._draw(TEAMS), self._draw(SKILLS), self._draw(LANGUAGES))
        waiter = Waiter(now + target, number + len(self.queue), need, now)
        heapq.heappush(self.queue, waiter)
        self.came.append(Came(_moment(now), need.team, timedelta(minutes=target)))
        handling = handling_minutes(self.spells)
        ordered = [Waiting(str(id(one)), one.need, one.due - now) for one in sorted(self.queue)]
        expected = expected_from(self.came, _moment(now))
        baton = estimate_waits(ordered, self._staffed(now), handling, expected)[str(id(waiter))].minutes
        if baton is None:
            return
        once = [
            Staffed(one.teams, 1, int(one.load == 0), one.skills, one.languages)
            for one in self.agents
            if one.on_duty(now)
        ]
        plain = estimate_waits(ordered, once, handling, expected)[str(id(waiter))].minutes
        naive = statistics.fmean(self.waits) if self.waits else 0.0
        waiter.told = (baton, naive, baton if plain is None else plain)

    def _staffed(self, now: float) -> list[Staffed]:
        groups: dict[tuple[frozenset[str], ...], tuple[int, int]] = {}
        for one in self.agents:
            if one.on_duty(now):
                abilities = (one.teams, one.skills, one.languages)
                slots, free = groups.get(abilities, (0, 0))
                groups[abilities] = (slots + one.capacity, free + max(0, one.capacity - one.load))
        return [
            Staffed(teams, slots, free, skills, languages)
            for (teams, skills, languages), (slots, free) in groups.items()
        ]

    def _assign(self, now: float) -> list[Agent]:
        taken = []
        kept = []
        while self.queue:
            waiter = heapq.heappop(self.queue)
            candidates = [
                Candidate(
                    one.name, one.teams, one.skills, one.languages, one.capacity, one.load, _moment(one.idle_since)
                )
                for one in self.agents
                if one.on_duty(now)
            ]
            chosen = choose_agent(candidates, waiter.need)
            if chosen is None:
                kept.append(waiter)
                continue
            agent = next(one for one in self.agents if one.name == chosen.id)
            agent.load += 1
            agent.idle_since = now
            taken.append(agent)
            waited = now - waiter.arrived
            if waiter.told is not None and waited < 6 * 60:
                # Who is kept until the next morning reads opening hours, not minutes.
                self.errors.append((waited, *waiter.told))
                self.waits.append(waited)
        self.queue = kept
        heapq.heapify(self.queue)
        return taken

    def _draw(self, shares: tuple[tuple[float, Drawn], ...]) -> Drawn:
        return self.random.choices([value for _, value in shares], [share for share, _ in shares])[0]


def _moment(minute: float) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def figures(errors: list[tuple[float, float, float, float]], which: int) -> dict[str, float]:
    """Compare what one estimator told with what was waited, in minutes, of those who did wait a minute or more."""
    waited = [one for one in errors if one[0] >= 1]
    off = sorted(abs(one[which] - one[0]) for one in waited)
    close = sum(abs(one[which] - one[0]) <= max(3.0, one[0] / 2) for one in waited)
    return {
        "mean_error_min": round(statistics.fmean(off), 2),
        "median_error_min": round(statistics.median(off), 2),
        "p90_error_min": round(off[int(0.9 * len(off))], 2),
        "bias_min": round(statistics.fmean(one[which] - one[0] for one in waited), 2),
        "close_share": round(close / len(waited), 3),
    }


def main() -> int:
    """Simulate, and print both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--days", type=int, default=60, help="working days to simulate (60)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same figures (1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.days < 1:
        parser.error("--days must be 1 or more")
    floor = Floor(arguments.seed, arguments.days)
    floor.run()
    waited = [one[0] for one in floor.errors]
    baton, peer, plain = (figures(floor.errors, which) for which in (1, 2, 3))
    errors = ("mean_error_min", "median_error_min", "p90_error_min")
    result = {
        "baton": baton,
        "peer": peer,
        "plain": plain,
        "ratio": {name: round(peer[name] / baton[name], 2) if baton[name] else None for name in errors},
        "conversations": len(waited),
        "waited": sum(one >= 1 for one in waited),
        "mean_wait_min": round(statistics.fmean(one for one in waited if one >= 1), 2),
    }
    if arguments.json:
        print(json.dumps(result))
        return 0
    print(
        f"{len(waited):,} conversations, {result['waited']:,} of them waited, {result['mean_wait_min']} minutes on average"
    )
    print(f"{'':34}{'Baton':>9}{'naive':>9}{'no capacity':>13}")
    for name, words in (
        ("mean_error_min", "mean error, minutes"),
        ("median_error_min", "median error"),
        ("p90_error_min", "error of the worst tenth"),
        ("bias_min", "told too much (+) or too little"),
        ("close_share", "within half, or three minutes"),
    ):
        print(f"{words:34}{baton[name]:>9}{peer[name]:>9}{plain[name]:>13}")
    print("peer / Baton: " + ", ".join(f"{name} {value}" for name, value in result["ratio"].items()))  # type: ignore[attr-defined]
    return 0


if __name__ == "__main__":
    sys.exit(main())
