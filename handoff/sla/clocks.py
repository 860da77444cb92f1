"""SLA clocks kept in SQL: started, met, paused and recomputed with the ticket, and fired when due, exactly once.

`next_due_at` is all that a worker looks for: its index holds what is still to be told, so a tick costs what falls due,
not what is open. Every change locks its row first and is written down for people in `sla_audit`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Reader, Transaction
from core.identifiers import new_id
from core.prepared import Prepared
from handoff.sla import clock_states as states
from handoff.sla.clock_states import ClockView, Firing, SlaClock, clock_view, first_due
from handoff.sla.clock_tables import sla_audit, sla_clocks
from handoff.sla.clock_words import change_in_words, fired_in_words, started_in_words
from handoff.sla.policies import Metric, Policy
from tickets.tables import tickets
from tickets.ticketing import Ticket
from tickets.vocabulary import FINISHED

__all__ = [
    "AuditEntry", "ClockView", "Fired", "SlaClock", "audit_of", "clock_view", "clocks_of", "customer_wrote", "fire_due",
    "first_due", "meet", "next_due", "note", "pause", "recompute", "reopen_clocks", "resolve_clocks", "resume", "sla_audit",
    "sla_clocks", "start_clocks",
]  # fmt: skip

_NEXT_DUE = Prepared(
    sa.select(sla_clocks.c.next_due_at)
    .where(sla_clocks.c.next_due_at.is_not(None))
    .order_by(sla_clocks.c.next_due_at)
    .limit(1)
)


@dataclass(frozen=True)
class Fired:
    """A warning or breach that was told now for the first and only time.

    Attributes:
        clock: the clock afterwards; `clock.unanswered` tells whether somebody still has to act.
        what: `warning` or `breach`.
        at: when it came true: the deadline itself, however late it is told.
    """

    clock: SlaClock
    what: Firing
    at: datetime


@dataclass(frozen=True)
class AuditEntry:
    """One line of a clock's history."""

    clock_id: str
    at: datetime
    noted_at: datetime
    what: str
    words: str


async def start_clocks(tx: Transaction, ticket: Ticket, policy: Policy, at: datetime) -> list[SlaClock]:
    """Start a ticket's `first_response` and `resolution` clocks. Idempotent by ticket: those it has are returned."""
    existing = await _locked(tx, ticket.id)
    if existing:
        return existing
    metrics: tuple[Metric, ...] = ("first_response", "resolution")
    return [await _start(tx, ticket, policy, at, metric=metric) for metric in metrics]


async def customer_wrote(tx: Transaction, ticket_id: str, at: datetime) -> SlaClock | None:
    """Start a `next_response` clock if this is the first message since a person's last reply.

    Nothing starts while the first response is still owed, while an earlier message waits already, or on a finished
    ticket ("thanks"). The clock is measured by the policy that the ticket has.
    """
    clocks = await _locked(tx, ticket_id)
    if not clocks or any(clock.unanswered for clock in clocks if clock.metric != "resolution"):
        return None
    ticket = Ticket.of((await tx.execute(sa.select(tickets).where(tickets.c.id == ticket_id))).mappings().one())
    if ticket.status in FINISHED:
        return None
    stretch = sum(clock.metric == "next_response" for clock in clocks)
    policy = next((clock.policy for clock in clocks if clock.metric == "resolution"), clocks[-1].policy)
    return await _start(tx, ticket, policy, at, metric="next_response", stretch=stretch)


async def meet(tx: Transaction, ticket_id: str, metric: Metric, at: datetime) -> SlaClock | None:
    """Note that a person did what a clock measures. From its deadline on it is breached, and met late.

    Idempotent: a clock is met once. Returns the clock, or None if none of the metric was waiting.
    """
    return await _change_one(tx, ticket_id, at, metric=metric, what="met", change=states.met)


async def pause(tx: Transaction, ticket_id: str, at: datetime) -> SlaClock | None:
    """Let the resolution clock stand still: the ticket waits for the customer. Pausing twice changes nothing."""
    return await _change_one(tx, ticket_id, at, metric="resolution", what="paused", change=states.paused)


async def resume(tx: Transaction, ticket_id: str, at: datetime) -> SlaClock | None:
    """Let the resolution clock go on. Resuming what runs changes nothing."""
    return await _change_one(tx, ticket_id, at, metric="resolution", what="resumed", change=states.resumed)


async def resolve_clocks(tx: Transaction, ticket_id: str, at: datetime) -> None:
    """Meet the resolution clock and cancel the reply clocks that still run: a resolved ticket waits for no reply."""
    for clock in await _locked(tx, ticket_id):
        if clock.metric == "resolution":
            await _keep(tx, clock, states.met(clock, at), "met", at)
        else:
            await _keep(tx, clock, states.cancelled(clock, at), "cancelled", at)


async def cancel_clocks(tx: Transaction, ticket_id: str, at: datetime) -> None:
    """Stop every clock of a ticket that its customer took back: nobody owes anything. What fell due before stays true."""
    for clock in await _locked(tx, ticket_id):
        await _keep(tx, clock, states.cancelled(clock, at), "cancelled", at)


async def reopen_clocks(tx: Transaction, ticket_id: str, at: datetime) -> SlaClock | None:
    """Let the resolution clock go on with the time already used. Set the ticket's status first."""
    return await _change_one(tx, ticket_id, at, metric="resolution", what="reopened", change=states.reopened)


async def recompute(tx: Transaction, ticket: Ticket, policy: Policy, at: datetime) -> list[SlaClock]:
    """Measure a ticket's unanswered clocks again, from their start, by its priority and this policy."""
    changed = []
    for clock in await _locked(tx, ticket.id):
        fresh = states.recomputed(clock, policy, ticket.priority, at)
        await _keep(tx, clock, fresh, "recomputed", at)
        changed.append(fresh)
    return changed


async def fire_due(tx: Transaction, now: datetime, limit: int = 100) -> list[Fired]:
    """Tell the warnings and breaches that have fallen due, each exactly once, with their true times.

    Several workers may call this at once: a row that another one holds is passed over, and one that it has changed is
    not due any more. What is returned is told once this transaction commits, so act on it in the same transaction.

    Args:
        tx: the write.
        now: the moment up to which things are due.
        limit: how many clocks to take; the longest overdue first. A full batch means there may be more.
    """
    due = await tx.execute(
        sa.select(sla_clocks)
        .where(sla_clocks.c.next_due_at <= now)
        .order_by(sla_clocks.c.next_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    # The rows are this transaction's alone until it ends, so what was read of them still holds.
    told: list[Fired] = []
    changed: list[dict[str, Any]] = []
    for clock in [SlaClock.of(row) for row in due.mappings()]:
        after, firings = states.fired(clock, now)
        changed.append({"clock": clock.id, **{f"new_{name}": getattr(after, name) for name in _TOLD}})
        told += [Fired(after, what, at) for what, at in firings]
    if changed:
        await tx.execute(_TELL, changed)
    if told:
        notes = [
            {
                "clock_id": one.clock.id, "at": one.at, "noted_at": now, "what": one.what,
                "words": fired_in_words(one.clock, one.what),
            }
            for one in told
        ]  # fmt: skip
        await tx.execute(sa.insert(sla_audit), notes)
    return told


async def next_due(reader: Reader) -> datetime | None:
    """Return when the next warning or breach falls due, so that a worker knows how long to sleep."""
    row = (await _NEXT_DUE.execute(reader, {})).one_or_none()
    return None if row is None else row["next_due_at"]


async def clocks_of(reader: Reader, ticket_id: str) -> list[SlaClock]:
    """Return a ticket's clocks in the order they were started."""
    found = await reader.execute(sa.select(sla_clocks).where(sla_clocks.c.ticket_id == ticket_id).order_by(*_STARTED))
    return [SlaClock.of(row) for row in found.mappings()]


async def audit_of(reader: Reader, ticket_id: str) -> list[AuditEntry]:
    """Return all that happened to a ticket's clocks, in the order it was noted."""
    table = sla_audit
    found = await reader.execute(
        sa.select(table.c.clock_id, table.c.at, table.c.noted_at, table.c.what, table.c.words)
        .join(sla_clocks, sla_clocks.c.id == table.c.clock_id)
        .where(sla_clocks.c.ticket_id == ticket_id)
        .order_by(table.c.id)
    )
    return [AuditEntry(*row) for row in found]


_STARTED = (sla_clocks.c.started_at, sla_clocks.c.metric, sla_clocks.c.stretch)
_TOLD = ("state", "next_due_at", "warned_at", "breached_at")
_TELL = (
    sa.update(sla_clocks)
    .where(sla_clocks.c.id == sa.bindparam("clock"))
    .values({name: sa.bindparam(f"new_{name}") for name in _TOLD})
)


async def _start(
    tx: Transaction, ticket: Ticket, policy: Policy, at: datetime, *, metric: Metric, stretch: int = 0
) -> SlaClock:
    bare = SlaClock(
        id=new_id("sc"),
        ticket_id=ticket.id,
        conversation_id=ticket.conversation_id,
        metric=metric,
        stretch=stretch,
        state="running",
        priority=ticket.priority,
        target_minutes=0,
        policy_snapshot={},
        started_at=at,
    )
    clock = states.started(bare, policy)
    await tx.execute(sa.insert(sla_clocks).values(clock.row()))
    await note(tx, clock, "started", started_in_words(clock), at=at, noted_at=at)
    return clock


async def _locked(tx: Transaction, ticket_id: str) -> list[SlaClock]:
    found = await tx.execute(
        sa.select(sla_clocks).where(sla_clocks.c.ticket_id == ticket_id).order_by(*_STARTED).with_for_update()
    )
    return [SlaClock.of(row) for row in found.mappings()]


async def _change_one(
    tx: Transaction,
    ticket_id: str,
    at: datetime,
    *,
    metric: Metric,
    what: str,
    change: Callable[[SlaClock, datetime], SlaClock],
) -> SlaClock | None:
    of_metric = [clock for clock in await _locked(tx, ticket_id) if clock.metric == metric]
    for clock in of_metric[-1:]:
        after = change(clock, at)
        if await _keep(tx, clock, after, what, at):
            return after
    return None


async def _keep(tx: Transaction, before: SlaClock, after: SlaClock, what: str, at: datetime) -> bool:
    if after == before:
        return False
    await tx.execute(sa.update(sla_clocks).where(sla_clocks.c.id == after.id).values(after.row()))
    await note(tx, after, what, change_in_words(before, after, what, at), at=at, noted_at=at)
    return True


async def note(tx: Transaction, clock: SlaClock, what: str, words: str, *, at: datetime, noted_at: datetime) -> None:
    """Write down for people what happened to a clock: `at` is when it was true, `noted_at` now."""
    await tx.execute(sa.insert(sla_audit).values(clock_id=clock.id, at=at, noted_at=noted_at, what=what, words=words))
