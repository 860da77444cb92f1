"""What a report on searches says: its period, its counts, its groups of questions and its weeks. Records and arithmetic, no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from core.errors import Invalid
from knowledge.searches import SURFACES

Kind = Literal["asked", "no_result", "no_click", "handed_over"]
KINDS: tuple[Kind, ...] = get_args(Kind)
REPORTED = tuple(surface for surface in SURFACES if surface != "command")
"""Surfaces that a report is about unless it is told otherwise: whoever tries `baton search` is no customer."""
LONGEST_DAYS = 366


@dataclass(frozen=True)
class Period:
    """From a moment, until another, exclusive; and where people searched."""

    since: datetime
    until: datetime
    surfaces: tuple[str, ...] = REPORTED

    @property
    def before(self) -> datetime:
        """Where the period of the same length before this one begins."""
        return self.since - (self.until - self.since)


@dataclass(frozen=True)
class Counts:
    """Searches, and how many of them were of each kind; `clicked` are those with an opened result, `listed` those on a list."""

    asked: int = 0
    no_result: int = 0
    no_click: int = 0
    handed_over: int = 0
    listed: int = 0
    clicked: int = 0

    def share(self, kind: Kind) -> float | None:
        """Return the share of searches of a kind, of those that could be of it; None of none."""
        of = self.listed if kind == "no_click" else self.asked
        return getattr(self, kind) / of if of else None


@dataclass(frozen=True)
class ShownArticle:
    """An article that was found for a group's questions, or opened where suggested, and how often; `title` is None if it is gone."""

    article_id: str
    title: str | None
    slug: str | None
    is_public: bool
    """Whether the help centre has a page of it."""
    shown: int


@dataclass(frozen=True)
class QuestionGroup:
    """Questions that ask nearly the same, as far as they are of the kind reported."""

    id: str
    question: str
    """The wording used most often in the period."""
    count: int
    before: int
    """In the period of the same length before."""
    asked: int
    """All searches of the group in the period, of every kind."""
    wordings: tuple[str, ...]
    """Up to five of the wordings, the most used first; the representative is the first of them."""
    articles: tuple[ShownArticle, ...]
    last_asked: datetime
    """When one of the counted searches was made last."""
    surfaces: dict[str, int]
    """The counted searches by where they were made, the most used first."""

    @property
    def change(self) -> float | None:
        """Return by what share the count rose (0.5 is half more) or fell; None if it was not asked before."""
        return (self.count - self.before) / self.before if self.before else None


@dataclass(frozen=True)
class Week:
    """One week, from Monday 0:00 UTC; the last may not be over."""

    begins: datetime
    counts: Counts


@dataclass(frozen=True)
class SearchReport:
    """The whole report."""

    period: Period
    now: Counts
    before: Counts
    weeks: tuple[Week, ...]
    groups: dict[Kind, tuple[QuestionGroup, ...]]
    ungrouped: int
    """Forms in the period that stand for themselves because the background has not grouped them yet."""
    suggested: tuple[ShownArticle, ...]
    """Articles that the widget suggested for a page and that were opened there, by conversations, the most opened first."""


def period_of(days: int, until: datetime, surfaces: Sequence[str] = ()) -> Period:
    """Return the last `days` days before `until`.

    Raises:
        Invalid: fewer than 1 or more than 366 days, or a surface that there is not.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"days must be between 1 and {LONGEST_DAYS}.", field="days")
    unknown = sorted(set(surfaces) - set(SURFACES))
    if unknown:
        raise Invalid(f"surface must be one of {', '.join(SURFACES)}, not {unknown[0]}.", field="surface")
    return Period(until - timedelta(days=days), until, tuple(surfaces) or REPORTED)


def monday(moment: datetime) -> datetime:
    """Return the beginning of a moment's week: Monday, 0:00 UTC."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())
