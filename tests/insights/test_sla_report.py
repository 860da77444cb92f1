"""The report on promises: what counts as kept, and that a category is named only where chance does not explain it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import FrozenClock
from core.database import Database
from handoff.pending import wait_for_customer
from handoff.records import Staff
from handoff.taking_over import claim, resolve
from insights import sla
from insights.exact_test import beyond_chance, chance_of_as_many
from insights.sla import Kept, sla_report, systematic_breaches
from tests.handoff.conftest import Floor

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def floor(database: Database) -> Floor:
    return Floor(database, FrozenClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC)))


async def test_promises_are_counted_by_what_came_of_them_and_tickets_by_where_they_were(floor: Floor) -> None:
    maya: Staff = await floor.hire("Maya")
    quick = await floor.waiting("where are my invoices please")
    late = await floor.waiting("where are my invoices please")
    floor.later(60 * MINUTE)
    taken, _ = await claim(floor.database, quick.id, maya, epoch=quick.epoch, at=floor.clock.now())
    floor.later(10 * MINUTE)
    await floor.reply(taken, maya, "Which one?")
    await wait_for_customer(floor.database, quick.id, maya, epoch=taken.epoch, on=True, at=floor.clock.now())
    floor.later(30 * MINUTE)
    await floor.say(taken, "the one of May")
    floor.later(20 * MINUTE)
    await floor.reply(taken, maya, "There it is.")
    await resolve(floor.database, quick.id, maya, epoch=taken.epoch, at=floor.clock.now())
    now = floor.later(600 * MINUTE)  # nobody has looked at the other, and no worker has told its breach
    async with floor.database.read() as reader:
        report = await sla_report(reader, 30, now)
        empty = await sla_report(reader, 30, now + timedelta(days=90))
    assert report.overall["first_response"] == Kept(2, 1)
    assert report.overall["next_response"] == Kept(1, 0)
    assert report.overall["resolution"] == Kept(1, 0)
    assert report.by["policy"] == {"Default": report.overall}
    assert report.by["week"].keys() == {"2026-11-23"}
    assert report.times["first_response"].median == 70
    assert report.times["resolution"].median == 90  # 120 minutes, of which 30 waited for the customer
    assert report.states["queue"].minutes == 60 + 720
    assert (report.states["person"].minutes, report.states["customer"].minutes) == (30, 30)
    assert late.ticket_id is not None
    assert (empty.overall, empty.systematic, empty.times["resolution"].median) == ({}, [], None)


async def test_however_short_the_pages_the_report_is_the_same(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    maya: Staff = await floor.hire("Maya")
    for number in range(7):
        waiting = await floor.waiting("where are my invoices please")
        floor.later((3 + number) * MINUTE)
        taken, _ = await claim(floor.database, waiting.id, maya, epoch=waiting.epoch, at=floor.clock.now())
        floor.later(number * MINUTE)
        await floor.reply(taken, maya, "There it is.")
    now = floor.later(MINUTE)
    async with floor.database.read() as reader:
        whole = await sla_report(reader, 30, now)
        for page in (1, 3, 7):
            monkeypatch.setattr(sla, "PAGE", page)
            assert await sla_report(reader, 30, now) == whole
    assert whole.by["week"].keys() == {"2026-11-23"}
    assert (whole.times["first_response"].count, whole.times["first_response"].median) == (7, 9)
    assert (whole.states["queue"].tickets, whole.states["queue"].minutes) == (7, 3 + 4 + 5 + 6 + 7 + 8 + 9)


def test_a_category_that_breaches_beyond_chance_is_named_in_words_and_one_by_chance_is_not() -> None:
    by = {
        "billing": {"first_response": Kept(20, 14)},
        "api": {"first_response": Kept(40, 5)},
        "account": {"first_response": Kept(48, 4)},
        "security": {"first_response": Kept(4, 4)},
    }
    (found,) = systematic_breaches(by)  # type: ignore[arg-type]
    assert found.words == (
        "billing breaches systematically: first response was late for 14 of 20 tickets, against 13 of 92 in all other"
        " categories. The chance that this is chance is less than 0.1 %."
    )
    even = {name: {"first_response": Kept(30, 6)} for name in ("billing", "api", "account")}
    assert systematic_breaches({**even, "plans": {"first_response": Kept(30, 9)}}) == []  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.data())
def test_the_chance_is_that_of_drawing_the_group_from_all(of: int, others: int, data: st.DataObject) -> None:
    in_all = of + others
    failed_in_all = data.draw(st.integers(0, in_all))
    failed = data.draw(st.integers(max(0, failed_in_all - others), min(of, failed_in_all)))
    ways = sum(
        comb(failed_in_all, count) * comb(in_all - failed_in_all, of - count)
        for count in range(failed, min(of, failed_in_all) + 1)
    )
    assert chance_of_as_many(failed, of, failed_in_all, in_all) == pytest.approx(ways / comb(in_all, of))


def test_who_looks_at_many_asks_for_more_than_who_looks_at_one() -> None:
    assert beyond_chance({"a": 0.04}, 0.05) == {"a": 0.04}
    assert beyond_chance({"a": 0.04, "b": 0.5}, 0.05) == {}
    assert beyond_chance({"a": 0.01, "b": 0.02, "c": 0.9}, 0.05) == {"a": 0.03, "b": 0.04}
