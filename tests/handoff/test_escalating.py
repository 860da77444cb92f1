"""What a warning or breach sets going: each step once, at its moment, and only while somebody still has to act."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import yaml

from core.outbox import outbox_deliveries, outbox_messages
from core.webhook_endpoints import add_endpoint, webhook_endpoints
from handoff.notifications import mark_read, notifications_of
from handoff.pending import wait_for_customer
from handoff.records import Staff
from handoff.sla.clocks import audit_of
from handoff.sla.escalating import escalate_due, fire
from handoff.sla.escalations import next_escalation
from handoff.sla.sla_rules import save_rules, shipped_rules
from handoff.taking_over import override_ticket, resolve
from tests.handoff.conftest import MINUTE, Floor
from tests.handoff.escalations import CHAIN, rule, steps, tick, ticket_of, told

ROOT = Path(__file__).parents[2]


async def test_a_chain_warns_the_agent_then_tells_the_leads_and_in_the_end_a_lead_has_it(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    await rule(floor, amara, CHAIN)
    claimed = await floor.claimed(maya)
    number = (await ticket_of(floor, claimed)).number
    await tick(floor, 16 * MINUTE)
    assert await told(floor, maya) == [f"{number}: First response is due soon (Warn)."]
    assert await told(floor, amara) == []
    await tick(floor, 4 * MINUTE)
    assert await told(floor, amara) == [f"{number}: First response is overdue (Breach)."]
    async with floor.database.read() as reader:
        assert await next_escalation(reader) == floor.clock.now() + 30 * MINUTE
    await tick(floor, 29 * MINUTE)
    assert (await floor.current(claimed)).agent_id == maya.id
    await tick(floor, MINUTE)
    assert (await floor.current(claimed)).agent_id == amara.id
    assert (await ticket_of(floor, claimed)).priority == "high"
    assert [(step.rule, step.state) for step in await steps(floor, claimed)] == [
        ("Warn", "done"), ("Breach", "done"), ("Still nobody", "done"),
    ]  # fmt: skip
    async with floor.database.read() as reader:
        audit = [entry.words for entry in await audit_of(reader, str(claimed.ticket_id)) if entry.what == "escalated"]
    assert audit == [
        "“Warn”: Told Maya.",
        "“Breach”: Told Maya. Told Amara. No webhook takes what channel on-call is sent.",
        "“Still nobody”: The priority went from normal to high. Moved to Amara.",
    ]
    assert await tick(floor, timedelta(days=9)) is not None
    assert len([words for words in await told(floor, amara) if "Still nobody" in words]) == 1


async def test_a_reply_in_between_ends_the_chain_and_says_why(floor: Floor, maya: Staff, amara: Staff) -> None:
    await rule(floor, amara, CHAIN)
    claimed = await floor.claimed(maya)
    await tick(floor, 20 * MINUTE)
    floor.later(MINUTE)
    await floor.reply(claimed, maya, "Sorry for the wait.")
    await tick(floor, 60 * MINUTE)
    assert [(step.rule, step.state, step.words) for step in await steps(floor, claimed)][-1] == (
        "Still nobody", "dropped", "Not needed: it has been done meanwhile.",
    )  # fmt: skip
    assert (await floor.current(claimed)).agent_id == maya.id
    assert (await ticket_of(floor, claimed)).priority == "normal"


async def test_workers_at_once_and_a_worker_that_wakes_days_late_do_each_step_once(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    await rule(floor, amara, CHAIN)
    waiting = [await floor.waiting() for _ in range(4)]
    now = floor.later(timedelta(days=2))

    async def work() -> None:
        for _ in range(6):
            async with floor.database.write() as tx:
                await fire(tx, now, 3)
            await escalate_due(floor.database, now, 3)

    await asyncio.gather(work(), work(), work())
    await tick(floor)
    for conversation in waiting:
        done = await steps(floor, conversation)
        assert [(step.rule, step.state) for step in done] == [
            ("Warn", "done"), ("Breach", "done"), ("Still nobody", "done"),
        ]  # fmt: skip
        assert done[1].since == floor.clock.now() - timedelta(days=2) + 20 * MINUTE  # the true time
        assert done[2].due_at == done[1].since + 30 * MINUTE
        notes = [message for message in await floor.said(conversation) if message.kind == "note"]
        assert len(notes) == 1
    assert len(await told(floor, amara)) == 3 * 4


async def test_a_breach_that_a_new_measure_takes_back_escalates_no_further(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    await rule(floor, amara, CHAIN)
    waiting = await floor.waiting()
    await tick(floor, 20 * MINUTE)
    await override_ticket(floor.database, str(waiting.ticket_id), maya, {"priority": "low"}, at=floor.later(MINUTE))
    await tick(floor, 18 * MINUTE)
    found = await steps(floor, waiting)
    assert [step.words for step in found if step.state == "dropped"] == [
        "The breach no longer counts: the clock was computed again."
    ]
    # The new deadline, 40 minutes after the start, has a chain of its own.
    await tick(floor, MINUTE)
    assert [step.rule for step in await steps(floor, waiting) if step.state == "waiting"] == ["Still nobody"]


async def test_delays_are_working_time_and_stand_still_while_the_ticket_waits_for_its_customer(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    chain = """
  - {name: Late, starts: breach, when: {metric: resolution}, after: 30, do: {notify: leads}}
  - {name: Later, follows: Late, after: 10, do: {notify: leads}}
"""
    await rule(floor, amara, chain, "office")
    floor.clock.set(datetime(2026, 11, 20, 9, 15, tzinfo=UTC))  # Friday 10:15 in Berlin: 6 h 40 min end at 16:55
    first, second = await floor.claimed(maya), await floor.claimed(maya)
    floor.clock.set(datetime(2026, 11, 20, 15, 56, tzinfo=UTC))
    for conversation in (first, second):
        await floor.reply(conversation, maya, "Which one is it?")
    await tick(floor)
    waits = {"epoch": second.epoch, "at": floor.clock.now()}
    await wait_for_customer(floor.database, second.id, maya, on=True, **waits)
    assert [step.due_at for step in await steps(floor, first)] == [datetime(2026, 11, 23, 8, 25, tzinfo=UTC)]
    floor.clock.set(datetime(2026, 11, 23, 8, 25, tzinfo=UTC))
    await tick(floor)
    assert len(await told(floor, amara)) == 1
    assert [(step.rule, step.state) for step in await steps(floor, second)] == [("Late", "held")]

    # The customer writes on Tuesday at noon: of the 30 minutes, 1 had passed on Friday and 29 are left.
    floor.clock.set(datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
    await floor.say(second, "the one of May")
    await tick(floor, 28 * MINUTE)
    assert [(step.rule, step.state) for step in await steps(floor, second)] == [("Late", "waiting")]
    await tick(floor, MINUTE)
    assert [(step.rule, step.state) for step in await steps(floor, second)] == [("Late", "done"), ("Later", "waiting")]
    # Resolved while it waits once more: nothing stays held, and nobody is told of what has been done.
    await floor.reply(second, maya, "Found it. Does it help?")
    await wait_for_customer(floor.database, second.id, maya, epoch=second.epoch, on=True, at=floor.later(MINUTE))
    assert [step.state for step in await steps(floor, second)] == ["done", "held"]
    await resolve(floor.database, second.id, maya, epoch=second.epoch, at=floor.later(MINUTE))
    await tick(floor, timedelta(days=2))
    assert [step.state for step in await steps(floor, second)] == ["done", "dropped"]


async def test_what_falls_due_in_the_moment_of_the_wait_is_put_off_and_what_was_due_before_is_done(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    chain = """
  - {name: At once, starts: warning, when: {metric: resolution}, do: {notify: leads}}
  - {name: Soon, starts: warning, when: {metric: resolution}, after: 5, do: {notify: leads}}
"""
    await rule(floor, amara, chain)
    claimed = await floor.claimed(maya)
    await floor.reply(claimed, maya, "Which one is it?")
    async with floor.database.write() as tx:
        await fire(tx, floor.later(320 * MINUTE), 50)
    due = floor.clock.now()
    await wait_for_customer(floor.database, claimed.id, maya, epoch=claimed.epoch, on=True, at=floor.later(MINUTE))
    await tick(floor, 10 * MINUTE)
    assert [(step.rule, step.state) for step in await steps(floor, claimed)] == [("At once", "done"), ("Soon", "held")]
    await wait_for_customer(floor.database, claimed.id, maya, epoch=claimed.epoch, on=False, at=floor.later(MINUTE))
    assert (await steps(floor, claimed))[1].due_at == due + 16 * MINUTE


async def test_webhooks_are_told_of_warnings_breaches_and_escalations_once(floor: Floor, amara: Staff) -> None:
    await rule(floor, amara, CHAIN)
    async with floor.database.write() as tx:
        await add_endpoint(
            tx, "https://hooks.example/sla", ["sla.warning", "sla.breach", "sla.escalation"], "", at=floor.clock.now()
        )
    await floor.waiting()
    await tick(floor, 20 * MINUTE)
    await tick(floor)
    sent = [(row["kind"], row["at"]) for row in await floor.rows(outbox_messages)]
    now = floor.clock.now()
    assert sorted(sent) == [("sla.breach", now), ("sla.escalation", now), ("sla.warning", now - 4 * MINUTE)]


async def test_the_worked_example_of_the_manual_is_true(floor: Floor, maya: Staff, amara: Staff) -> None:
    manual = (ROOT / "docs" / "sla.md").read_text(encoding="utf-8")
    rules, example = (
        re.findall(rf"```yaml {name}\n(.*?)```", manual, re.DOTALL)[0]
        for name in ("example-rules", "example-escalation")
    )
    expected = yaml.safe_load(example)
    floor.clock.set(datetime.fromisoformat(expected["started_at"]).replace(tzinfo=UTC))
    shipped = shipped_rules().text.partition("escalations:")[0]
    kept = {"base": 0, "note": "", "for_open_tickets": False, "at": floor.clock.now()}
    await save_rules(floor.database, shipped + rules, amara, **kept)
    waiting = await floor.waiting("this is urgent, nobody can work")
    assert (await ticket_of(floor, waiting)).priority == expected["priority"]
    for _ in range(150):
        await tick(floor, MINUTE)
    done = [step for step in await steps(floor, waiting) if step.state == "done"]
    assert [(step.rule, step.settled_at) for step in done] == [
        (step["rule"], datetime.fromisoformat(step["at"]).replace(tzinfo=UTC)) for step in expected["steps"]
    ]
    assert (await floor.current(waiting)).agent_id == amara.id


async def test_what_one_was_told_can_be_marked_as_read(floor: Floor, maya: Staff, amara: Staff) -> None:
    await rule(floor, amara, CHAIN)
    await floor.claimed(maya)
    await tick(floor, 16 * MINUTE)
    at = floor.clock.now()
    async with floor.database.write() as tx:
        await mark_read(tx, maya.id, until=at, at=at)
    await tick(floor, 4 * MINUTE)
    async with floor.database.read() as reader:
        assert [one.read_at for one in await notifications_of(reader, maya.id)] == [None, at]


async def test_a_channel_is_an_endpoint_that_asked_for_it_and_others_hear_nothing(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    await rule(floor, amara, CHAIN)
    async with floor.database.write() as tx:
        for url, kind in (("on-call", "sla.escalation:on-call"), ("other", "sla.escalation:other"), ("all", "*")):
            await add_endpoint(tx, f"https://{url}.example", [kind], "", at=floor.clock.now())
    await floor.claimed(maya)
    await tick(floor, 20 * MINUTE)
    async with floor.database.read() as reader:
        sent = sa.select(webhook_endpoints.c.url).select_from(
            outbox_deliveries.join(webhook_endpoints).join(outbox_messages)
        )
        told = await reader.execute(sent.where(outbox_messages.c.kind == "sla.escalation"))
        assert sorted(told.scalars()) == ["https://all.example", "https://on-call.example"]
