"""Tells of an outage once when it begins and once when it is over, however often it is met in between."""

from __future__ import annotations

import structlog

log = structlog.get_logger()


class Outage:
    """One thing that can be away: `what` is the sentence for the log."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._on = False

    def met(self, error: BaseException) -> None:
        """Say that it is away, unless that has been said."""
        if not self._on:
            self._on = True
            log.warning(self._what, error=str(error), until="it is said to be over")

    def over(self) -> None:
        """Say that it is back, if it was away."""
        if self._on:
            self._on = False
            log.info("over", what=self._what)
