"""A clock that is off by minutes is noticed at the start, and said in a sentence that tells what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import FrozenClock, SystemClock
from core.database import Database
from core.errors import ConfigurationError
from server.clock_skew import TOLERATED, check_clock, skew_in_words, skew_of


@pytest.mark.parametrize("minutes", [-3, 3])
async def test_a_clock_minutes_from_the_database_servers_is_refused_and_with_sqlite_there_is_no_other(
    database: Database, minutes: int
) -> None:
    off = FrozenClock(SystemClock().now() + timedelta(minutes=minutes))
    if database.dialect == "sqlite":
        await check_clock(database, off)
        return
    way = "ahead of" if minutes > 0 else "behind"
    with pytest.raises(ConfigurationError, match=f"clock is 3 minutes {way} the database server's. Set both by NTP"):
        await check_clock(database, off)


async def test_the_machines_own_clock_is_that_of_a_database_on_it(database: Database) -> None:
    assert abs(await skew_of(database, SystemClock())) < TOLERATED
    await check_clock(database, SystemClock())


def test_less_than_two_minutes_are_told_in_seconds() -> None:
    assert skew_in_words(timedelta(seconds=-90)) == "This machine's clock is 90 s behind the database server's."
