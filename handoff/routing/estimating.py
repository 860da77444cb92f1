"""How long who waits will wait: arithmetic on the queue, the people on duty, how long they take, and who is likely to come meanwhile."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from handoff.routing.choosing import Abilities, Need, able

USUAL_MINUTES = 6.0
"""What handling a conversation is taken for until people have handled some here."""
USUAL_WEIGHT = 3
"""How many handled conversations that assumption counts for."""
RECENT = 30
RECENTLY = timedelta(hours=1)
RECENT_ARRIVALS = 100
"""Those who came within `RECENTLY`, and of them the last so many, tell who is likely to come next."""
SHORTEST_LOOK = timedelta(minutes=15)
"""What is seen of a shorter time says little of how many come in it."""
OUTLIER = 0.9
"""Share of recent ones above which one that took longer counts as no longer than those: a night shift spoils nothing."""
GOES_ON = 0.6
"""Share of those who came lately that are expected to go on coming. People wait at peaks, and peaks pass."""
FORESEEN = 40.0
"""Minutes for which that holds; nobody is foreseen who comes later."""
MOST_OVERTAKEN = 0.8
"""Share of people's time, at most, that is foreseen to go to later ones that are due sooner."""


@dataclass(frozen=True)
class Staffed(Abilities):
    """People who may be asked for the same things: conversations that they take at once, and how many more now."""

    teams: frozenset[str]
    slots: int
    free: int
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Waiting:
    """A conversation in the queue: what it asks for, and in how many minutes it is due, None for never."""

    id: str
    need: Need
    due_in: float | None


@dataclass(frozen=True)
class Came:
    """A conversation that came to the queue: when, of which team, and how long after that it was due, None for never."""

    at: datetime
    team: str | None
    due_after: timedelta | None


@dataclass(frozen=True)
class Expected:
    """Conversations that are likely to come: how many a minute, of which team, and how many minutes after that they are due."""

    team: str | None
    due_in: float
    per_minute: float


@dataclass(frozen=True)
class Place:
    """Where a conversation stands among those that wait for the same people, or with it for nobody; the minutes, None with nobody there."""

    position: int
    minutes: float | None


def estimate_waits(
    waiting: Iterable[Waiting], staffed: Sequence[Staffed], handling_minutes: float, expected: Sequence[Expected] = ()
) -> dict[str, Place]:
    """Estimate how long each conversation waits.

    The queue is walked in its order. Each conversation takes the place that is free earliest among the people whom it would be
    assigned to: a free one now; where all are taken, `s` places let one go every `handling_minutes / s` on average, whatever the handling
    times are spread like (the departures of many places together are nearly a Poisson stream). Of that time later conversations that are
    due sooner take their share.

    Args:
        waiting: the queue, in the order that it is answered.
        staffed: who is on duty.
        handling_minutes: mean minutes from getting a conversation to its end.
        expected: who is likely to come while these wait.
    """
    groups = [one for one in staffed if one.slots > 0]
    free = [one.free for one in groups]
    ahead = [0.0] * len(groups)
    pools: dict[Need, _Pool] = {}
    before: dict[frozenset[int], int] = {}
    places: dict[str, Place] = {}
    for one in waiting:
        if one.need not in pools:
            pools[one.need] = _Pool.of(one.need, groups, handling_minutes, expected)
        pool = pools[one.need]
        people = pool.people
        position = 1 + sum(count for other, count in before.items() if other == people or other & people)
        before[people] = before.get(people, 0) + 1
        if not people:
            places[one.id] = Place(position, None)
            continue
        chosen = min(
            sorted(people),
            key=lambda index: 0.0 if free[index] > 0 else ahead[index] + handling_minutes / groups[index].slots,
        )
        if free[chosen] > 0:
            free[chosen] -= 1
        else:
            ahead[chosen] += handling_minutes / groups[chosen].slots
        places[one.id] = Place(position, pool.stretched(ahead[chosen], one.due_in))
    return places


def expected_from(came: Iterable[Came], at: datetime) -> list[Expected]:
    """Return who is likely to come: the same kinds as lately, and somewhat fewer."""
    lately = sorted((one for one in came if one.at >= at - RECENTLY), key=lambda one: one.at)[-RECENT_ARRIVALS:]
    if not lately:
        return []
    minutes = max(SHORTEST_LOOK, at - lately[0].at).total_seconds() / 60
    kinds = Counter(
        (one.team, max(0.0, one.due_after.total_seconds() / 60)) for one in lately if one.due_after is not None
    )
    return [Expected(team, due_in, GOES_ON * count / minutes) for (team, due_in), count in kinds.items()]


def handling_minutes(recent: Sequence[timedelta]) -> float:
    """Return the minutes that handling takes: the mean of recent ones with the longest cut.

    While there are few it is drawn towards `USUAL_MINUTES`.
    """
    if not recent:
        return USUAL_MINUTES
    minutes = sorted(spell.total_seconds() / 60 for spell in recent)
    longest = minutes[math.ceil(OUTLIER * len(minutes)) - 1]
    seen = sum(min(one, longest) for one in minutes) / len(minutes)
    return (USUAL_MINUTES * USUAL_WEIGHT + seen * len(minutes)) / (USUAL_WEIGHT + len(minutes))


@dataclass(frozen=True)
class _Pool:
    """The people whom a conversation may be given to, and how much of their time those take who come later and are due sooner.

    Whoever is due in `u` minutes is overtaken by what comes now and is due in less. So of each minute from now, at which they are due in
    `u` minutes less, the share `1 - rho(u)` works off what is before them, `rho(u)` being the load of all kinds that are due within `u`.
    `worked[i]` is the integral of that share from 0 to `edges[i]`; between two edges it grows evenly.
    """

    people: frozenset[int]
    edges: tuple[float, ...]
    worked: tuple[float, ...]
    tail: float
    """The share beyond the last edge."""

    @classmethod
    def of(cls, need: Need, groups: Sequence[Staffed], handling: float, expected: Sequence[Expected]) -> _Pool:
        people = _able(need, groups)
        slots = sum(groups[index].slots for index in people)
        loads: dict[float, float] = {}
        for kind in expected if slots else ():
            theirs = _able(Need(kind.team), groups)
            shared = sum(groups[index].slots for index in theirs & people)
            if shared:
                part = shared / sum(groups[index].slots for index in theirs)
                loads[kind.due_in] = loads.get(kind.due_in, 0.0) + kind.per_minute * handling * part / slots
        edges = (0.0, *sorted(loads))
        worked, load = [0.0], 0.0
        for begin, end in pairwise(edges):
            load += loads.get(begin, 0.0)
            worked.append(worked[-1] + (end - begin) * (1 - min(MOST_OVERTAKEN, load)))
        return cls(people, edges, tuple(worked), 1 - min(MOST_OVERTAKEN, sum(loads.values())))

    def stretched(self, minutes: float, due_in: float | None) -> float:
        """Return how long it takes to work `minutes` off for somebody who is due then."""
        if due_in is None:
            foreseen = FORESEEN * self.tail
            return minutes / self.tail if minutes <= foreseen else FORESEEN + minutes - foreseen
        total = self._worked_until(due_in)
        foreseen = total - self._worked_until(due_in - FORESEEN)
        return due_in - self._when_worked(total - minutes) if minutes <= foreseen else FORESEEN + minutes - foreseen

    def _worked_until(self, at: float) -> float:
        """Return the integral of the share from 0 to a moment; before 0 nobody overtakes."""
        if at <= 0:
            return at
        index = bisect_left(self.edges, at)
        if index == len(self.edges):
            return self.worked[-1] + (at - self.edges[-1]) * self.tail
        share = (at - self.edges[index - 1]) / (self.edges[index] - self.edges[index - 1])
        return self.worked[index - 1] + share * (self.worked[index] - self.worked[index - 1])

    def _when_worked(self, work: float) -> float:
        """Return the inverse of `_worked_until`."""
        if work <= 0:
            return work
        index = bisect_left(self.worked, work)
        if index == len(self.worked):
            return self.edges[-1] + (work - self.worked[-1]) / self.tail
        share = (work - self.worked[index - 1]) / (self.worked[index] - self.worked[index - 1])
        return self.edges[index - 1] + share * (self.edges[index] - self.edges[index - 1])


def _able(need: Need, groups: Sequence[Staffed]) -> frozenset[int]:
    chosen = {id(one) for one in able(groups, need)}
    return frozenset(index for index, one in enumerate(groups) if id(one) in chosen)
