"""What there is after the crashes, read from where it is kept: SQL for Baton, Redis for the naive queue."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import redis.asyncio
import sqlalchemy as sa

from core.clock import SystemClock, iso
from core.database import Database
from core.events import conversation_events
from core.outbox import outbox_deliveries, outbox_messages
from handoff.sla.clock_states import SlaClock
from handoff.sla.clocks import sla_clocks
from handoff.tables import messages, packages
from tickets.tables import tickets

NAIVE_SETTLES = 6.0
"""Seconds until the naive queue's timers of 3 s have fired, those that are left."""
LATE = timedelta(seconds=5)
"""What a firing may be late when the ledger is read."""


async def sql_ledger(url: str, settle: float) -> dict[str, Any]:
    """Wait until turns, deliveries and clocks have settled, and return what there is."""
    database = Database.open(url)
    for _ in range(int(settle)):
        if not await _unsettled(database):
            break
        await asyncio.sleep(1)
    async with database.read() as reader:
        pending = (await reader.execute(_count(messages, messages.c.turn == "pending"))).scalar_one()
        held = await reader.execute(
            sa.select(tickets.c.conversation_id, packages.c.ticket_id).outerjoin(
                packages, packages.c.ticket_id == tickets.c.id
            )
        )
        rows = held.all()
        told = (
            await reader.execute(
                sa.select(outbox_messages.c.payload).where(outbox_messages.c.kind == "conversation.handed_over")
            )
        ).scalars()
        events = (
            await reader.execute(
                sa.select(conversation_events.c.conversation_id, conversation_events.c.data).where(
                    conversation_events.c.kind == "clock"
                )
            )
        ).all()
        clocks = [SlaClock.of(row) for row in (await reader.execute(sa.select(sla_clocks))).mappings()]
        ledger = {
            "turns_unsettled": pending,
            "packages": [row.conversation_id for row in rows if row.ticket_id is not None],
            "without_package": sum(row.ticket_id is None for row in rows),
            "told": [payload["ticket"]["id"] for payload in told],
            **_fired(clocks, events),
        }
    await database.close()
    return ledger


def _fired(clocks: list[SlaClock], events: list[Any]) -> dict[str, int]:
    now = SystemClock().now()
    fired = Counter(
        (event.conversation_id, event.data["clock"]["metric"], event.data["clock"]["started_at"], event.data["what"])
        for event in events
    )
    # Each by itself: in sums, what a cancelled clock had told before would stand for what another has missed.
    due = {
        (clock.conversation_id, clock.metric, iso(clock.started_at), what)
        for clock in clocks
        for what, moment in (("warning", clock.warn_at), ("breach", clock.due_at))
        if moment is not None and moment <= (clock.met_at or now - LATE) and clock.state != "cancelled"
    }
    return {
        "clocks": len(clocks),
        "fired": len(fired),
        "missed": len(due - set(fired)),
        "fired_twice": sum(number - 1 for number in fired.values()),
    }


async def _unsettled(database: Database) -> bool:
    async with database.read() as reader:
        pending = (await reader.execute(_count(messages, messages.c.turn == "pending"))).scalar_one()
        waiting = (await reader.execute(_count(outbox_deliveries, outbox_deliveries.c.state == "pending"))).scalar_one()
        # A clock that has not fallen due is waited for: the last ones must fire as well.
        to_fire = (await reader.execute(_count(sla_clocks, sla_clocks.c.next_due_at.is_not(None)))).scalar_one()
    return bool(pending or waiting or to_fire)


def _count(table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table).where(condition)


async def naive_ledger(url: str, handed_over: set[str]) -> dict[str, Any]:
    """Return what the naive queue has left in Redis of the conversations that it told customers it had handed over."""
    await asyncio.sleep(NAIVE_SETTLES)
    client = redis.asyncio.Redis.from_url(url, decode_responses=True)
    kept: dict[str, str] = await client.hgetall("naive:packages")  # type: ignore[misc]
    fired = Counter(await client.lrange("naive:fired", 0, -1))  # type: ignore[misc]
    await client.aclose()
    asked = {conversation for conversation, package in kept.items() if json.loads(package)}
    return {
        "turns_unsettled": 0,
        "packages": list(asked),
        "without_package": 0,
        "told": [],
        "clocks": len(handed_over),
        "fired": len(fired),
        "missed": len(handed_over - set(fired)),
        "fired_twice": sum(number - 1 for number in fired.values()),
    }
