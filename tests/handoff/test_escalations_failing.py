"""Escalations that cannot be done: what is told, what is dropped, what is tried again, and nothing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.database import Transaction
from handoff.records import Staff
from handoff.sla import escalating
from handoff.sla.escalating import escalate_due
from tests.handoff.conftest import MINUTE, Floor
from tests.handoff.escalations import CHAIN, rule, steps, tick, ticket_of, told


async def test_what_a_killed_worker_had_begun_is_done_whole_by_the_next(
    floor: Floor, amara: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rule(floor, amara, CHAIN)
    waiting = await floor.waiting()
    await tick(floor, 20 * MINUTE)
    before = await told(floor, amara)

    async def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("handoff.sla.escalating.note", killed)
        with pytest.raises(KeyboardInterrupt):
            await escalate_due(floor.database, floor.later(30 * MINUTE))
    assert (await floor.current(waiting)).owner == "queue"
    assert await told(floor, amara) == before
    await tick(floor)
    assert (await floor.current(waiting)).agent_id == amara.id


async def test_a_move_that_cannot_be_done_is_told_to_the_leads_and_the_rest_is_done(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    rules = "  - {name: Move, starts: breach, when: {metric: first_response}, do: {move_to: nowhere, raise_priority: urgent}}\n"
    await rule(floor, amara, rules)
    waiting = await floor.waiting()
    await tick(floor, 20 * MINUTE)
    (step,) = await steps(floor, waiting)
    assert step.state == "done"
    assert "could not be moved to nowhere, and the leads were told" in step.words
    assert "The priority went from normal to urgent." in step.words
    assert "could not be moved to nowhere" in (await told(floor, amara))[0]


REFUSED = sa.exc.IntegrityError("INSERT", {}, Exception("not unique"))


AWAY = sa.exc.OperationalError("INSERT", {}, Exception("the disk is full"))


@pytest.mark.parametrize("error", [KeyError("nobody foresaw this"), REFUSED])
async def test_an_escalation_that_breaks_is_dropped_with_the_reason_and_holds_up_no_later_one(
    floor: Floor, maya: Staff, amara: Staff, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await rule(floor, amara, CHAIN)
    first = await floor.claimed(maya)
    floor.later(timedelta(seconds=1))
    second = await floor.claimed(maya, "and my invoices too please")
    broken = (await ticket_of(floor, first)).number
    spared = escalating.notify

    async def breaks(tx: Transaction, to: set[str], words: str, **values: Any) -> None:
        if words.startswith(broken):
            raise error
        await spared(tx, to, words, **values)

    monkeypatch.setattr(escalating, "notify", breaks)
    await tick(floor, 16 * MINUTE)
    assert [(step.state, step.words) for step in await steps(floor, first)] == [
        ("dropped", f"It could not be done: {type(error).__name__}."),
    ]  # fmt: skip
    assert [step.state for step in await steps(floor, second)] == ["done"]


async def test_an_escalation_waits_for_a_database_that_is_away(
    floor: Floor, maya: Staff, amara: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rule(floor, amara, CHAIN)
    claimed = await floor.claimed(maya)

    async def fails(*_: Any, **__: Any) -> None:
        raise AWAY

    with monkeypatch.context() as patch:
        patch.setattr(escalating, "notify", fails)
        with pytest.raises(sa.exc.OperationalError):
            await tick(floor, 16 * MINUTE)
    assert [step.state for step in await steps(floor, claimed)] == ["waiting"]
    await tick(floor)
    assert [step.state for step in await steps(floor, claimed)] == ["done"]
