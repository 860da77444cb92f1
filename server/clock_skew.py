"""Whether this machine's clock agrees with the database server's, which all replicas share: leases and deadlines are moments."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from core.database import Database
from core.errors import ConfigurationError
from server.service import Service

log = structlog.get_logger()
TOLERATED = timedelta(seconds=5)
"""What a clock may be off by and nobody notices: a turn's lease is extended long before it ends."""
REFUSED = timedelta(minutes=1)
"""With more, a replica would take the others' work for abandoned, and tell breaches that are none yet. It does not start."""
LOOK_SECONDS = 60.0


async def skew_of(database: Database, clock: Clock) -> timedelta:
    """Return by how much the clock is ahead of the database server's; nothing with SQLite, which has no other clock."""
    if database.dialect == "sqlite":
        return timedelta()
    asked = clock.now()
    async with database.glance() as reader:
        there = (await reader.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    skew: timedelta = asked + (clock.now() - asked) / 2 - there
    return skew


def skew_in_words(skew: timedelta) -> str:
    """Say it."""
    seconds = abs(skew.total_seconds())
    length = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
    way = "ahead of" if skew > timedelta() else "behind"
    return f"This machine's clock is {length} {way} the database server's."


async def check_clock(database: Database, clock: Clock) -> None:
    """See that the clock may be gone by.

    Raises:
        ConfigurationError: it is off by a minute or more.
    """
    skew = await skew_of(database, clock)
    if abs(skew) >= REFUSED:
        raise ConfigurationError(f"{skew_in_words(skew)} Set both by NTP, and start again.")


async def watch_clock(service: Service) -> None:
    """Look once a minute, and log an error while the clock is off; it may have been set since the start."""
    while True:
        try:
            skew = await skew_of(service.database, service.clock)
        except (SQLAlchemyError, OSError) as error:
            log.warning("the database's clock was not looked at", error=str(error))
        else:
            if abs(skew) > TOLERATED:
                log.error("clocks disagree", found=skew_in_words(skew), do="set both by NTP")
        await asyncio.sleep(LOOK_SECONDS)
