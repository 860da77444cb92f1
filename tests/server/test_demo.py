"""The demo's published passwords let nobody in once the demo is off."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import FrozenClock
from core.database import Database
from core.errors import Unauthenticated
from handoff.staff import sign_in, staff_of_session
from server.demo import DEMO_PASSWORD, DEMO_STAFF, first_start, keep_demo_accounts
from tests.server.conftest import make_settings


async def test_turning_the_demo_off_locks_its_accounts_and_ends_their_sessions(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    on, off = make_settings(tmp_path, "http://127.0.0.1:1"), make_settings(tmp_path, "http://127.0.0.1:1", demo=False)
    await first_start(database, on, clock)
    await keep_demo_accounts(database, on)
    email = DEMO_STAFF[0][0]
    _maya, secret = await sign_in(database, email=email, password=DEMO_PASSWORD, at=clock.now())
    await keep_demo_accounts(database, off)
    async with database.read() as reader:
        with pytest.raises(Unauthenticated):
            await staff_of_session(reader, secret, clock.now())
    with pytest.raises(Unauthenticated):
        await sign_in(database, email=email, password=DEMO_PASSWORD, at=clock.now())
    await keep_demo_accounts(database, on)
    await sign_in(database, email=email, password=DEMO_PASSWORD, at=clock.now())
