"""The only place that reads the time, so that every decision above it can be tested with a time of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Everything that needs "now" takes one of these or a `datetime`."""

    def now(self) -> datetime:
        """Return the present moment as an aware `datetime` in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment as an aware `datetime` in UTC."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock that moves only when told to, for tests and simulations."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Return the moment the clock was last set to."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move to `at`, forwards or backwards."""
        self._at = at


def iso(moment: datetime) -> str:
    """Write `moment` as ISO 8601 in UTC with milliseconds and a `Z`, the form of the protocol."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(moment: datetime | None) -> str | None:
    """Write `moment` like `iso`, and nothing as nothing."""
    return None if moment is None else iso(moment)
