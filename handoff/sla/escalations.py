"""Escalations as rows: planned with the warning or breach that they start with, due by the clock's calendar, settled once.

waiting ──due, still unanswered──▶ done
waiting ──answered, or no breach any more──▶ dropped
waiting ──the clock stands still──▶ held ──the clock runs on──▶ waiting, with the working time that was left
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.database import INSERT, Json, Moment, Reader, Transaction, metadata
from core.identifiers import new_id
from core.prepared import Prepared
from handoff.sla.calendars import add_working_time, working_time_between
from handoff.sla.clock_states import Firing, SlaClock
from handoff.sla.clocks import note, sla_clocks
from handoff.sla.escalation_rules import Action, EscalationRule, actions_of_data, rule_data
from tickets.ticketing import Ticket

sla_escalations = sa.Table(
    "sla_escalations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("clock_id", sa.String(40), sa.ForeignKey(sla_clocks.c.id, ondelete="CASCADE"), nullable=False),
    sa.Column("ticket_id", sa.String(40), nullable=False, index=True),
    sa.Column("rule", sa.String(100), nullable=False),
    sa.Column("rule_snapshot", Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("firing", sa.String(8), nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("settled_at", Moment),
    sa.Column("words", sa.Text, nullable=False, default=""),
    sa.UniqueConstraint("clock_id", "rule", "since"),
)
"""One row for each rule that a warning or breach has set going. `since` is the warning's or breach's true time."""

_WAITING = sla_escalations.c.state == sa.literal_column("'waiting'")
sa.Index("ix_sla_escalations_due", sla_escalations.c.due_at, sqlite_where=_WAITING, postgresql_where=_WAITING)
_NEXT = Prepared(sa.select(sla_escalations.c.due_at).where(_WAITING).order_by(sla_escalations.c.due_at).limit(1))


@dataclass(frozen=True)
class Escalation:
    """One planned or settled escalation.

    Attributes:
        id: its own.
        clock_id: the clock whose warning or breach it is about.
        ticket_id: that clock's ticket.
        rule: the rule's name.
        rule_snapshot: what the rule does, as it was when this was planned.
        version: of the rules.
        firing: `warning` or `breach`.
        since: when that came true.
        due_at: when it acts.
        state: `waiting`, `held`, `done` or `dropped`.
        settled_at: when it acted or was dropped.
        words: what it did, or why nothing.
    """

    id: str
    clock_id: str
    ticket_id: str
    rule: str
    rule_snapshot: dict[str, Any]
    version: int
    firing: Firing
    since: datetime
    due_at: datetime
    state: str
    settled_at: datetime | None
    words: str

    @property
    def actions(self) -> tuple[Action, ...]:
        """Return what it does."""
        return actions_of_data(self.rule_snapshot)

    @property
    def always(self) -> bool:
        """Tell whether it acts also where what was due has been done."""
        return bool(self.rule_snapshot["always"])


@dataclass(frozen=True)
class Start:
    """What sets rules going: a clock's warning or breach, or at `begins` a rule that others follow."""

    clock: SlaClock
    ticket: Ticket
    firing: Firing
    since: datetime
    begins: datetime
    follows: str | None = None


async def plan(tx: Transaction, starts: Iterable[tuple[Start, Sequence[EscalationRule]]]) -> None:
    """Write down what follows of these rules. Idempotent by (clock, rule, since)."""
    planned = [row for start, rules in starts for row in _planned(start, rules)]
    if planned:
        insert = INSERT[tx.connection.dialect.name](sla_escalations)
        await tx.execute(insert.on_conflict_do_nothing(index_elements=["clock_id", "rule", "since"]), planned)


def _planned(start: Start, rules: Sequence[EscalationRule]) -> list[dict[str, Any]]:
    clock, ticket = start.clock, start.ticket
    return [
        {
            "id": new_id("es"), "clock_id": clock.id, "ticket_id": ticket.id, "rule": rule.name, "rule_snapshot": rule_data(rule),
            "version": clock.policy.version, "firing": start.firing, "since": start.since, "state": "waiting", "words": "",
            "due_at": add_working_time(clock.policy.calendar, start.begins, timedelta(minutes=rule.after)),
        }
        for rule in rules
        if (rule.follows == start.follows if start.follows is not None else rule.starts == start.firing)
        and rule.fits(metric=clock.metric, priority=ticket.priority, team=ticket.team, policy=clock.policy.name)
    ]  # fmt: skip


async def settle(tx: Transaction, escalation_id: str, state: str, words: str, at: datetime) -> bool:
    """Settle one that waits; tells whether it still did, so that what follows is done once."""
    settled = await tx.execute(
        sa.update(sla_escalations)
        .where(sla_escalations.c.id == escalation_id, _WAITING)
        .values(state=state, words=words, settled_at=at)
    )
    return settled.rowcount == 1


async def hold(tx: Transaction, clock: SlaClock, at: datetime) -> None:
    """Let what is planned for a clock stand still with it; what was due before is still to be done. Idempotent."""
    table = sla_escalations
    await tx.execute(
        sa.update(table).where(table.c.clock_id == clock.id, _WAITING, table.c.due_at > at).values(state="held")
    )


async def run_on(tx: Transaction, clock: SlaClock, at: datetime) -> None:
    """Plan what stood still with a clock anew: what was left of its working time when the clock stopped is left now. Idempotent.

    Args:
        tx: the write.
        clock: with the pause that ends now as its last.
        at: now.
    """
    stopped = clock.pauses[-1].start
    found = await tx.execute(
        sa.select(sla_escalations).where(sla_escalations.c.clock_id == clock.id, sla_escalations.c.state == "held")
    )
    calendar = clock.policy.calendar
    for escalation in [Escalation(**row) for row in found.mappings()]:
        left = working_time_between(calendar, stopped, max(stopped, escalation.due_at))
        due_at = add_working_time(calendar, at, left)
        await tx.execute(
            sa.update(sla_escalations)
            .where(sla_escalations.c.id == escalation.id)
            .values(state="waiting", due_at=due_at)
        )
        words = f"“{escalation.rule}” stood still with the clock and goes on."
        await note(tx, clock, "postponed", words, at=at, noted_at=at)


async def put_off(tx: Transaction, escalation_id: str) -> None:
    """Let one that fell due while its clock stands still wait until that runs on."""
    await tx.execute(
        sa.update(sla_escalations).where(sla_escalations.c.id == escalation_id, _WAITING).values(state="held")
    )


async def put_words(tx: Transaction, escalation_id: str, words: str) -> None:
    """Say what one that was settled in this transaction did."""
    await tx.execute(sa.update(sla_escalations).where(sla_escalations.c.id == escalation_id).values(words=words))


async def drop_taken_back(tx: Transaction, clocks: Iterable[tuple[SlaClock, SlaClock]], at: datetime) -> None:
    """Drop what waits for a warning or breach that a new measure has taken back. Takes clocks before and after."""
    for before, after in clocks:
        for firing, gone in (
            ("breach", before.breached_at is not None and after.breached_at is None),
            ("warning", before.warned_at is not None and after.warned_at is None),
        ):
            if gone:
                words = f"The {firing} no longer counts: the clock was computed again."
                await tx.execute(
                    sa.update(sla_escalations)
                    .where(
                        sla_escalations.c.clock_id == after.id,
                        sla_escalations.c.firing == firing,
                        sla_escalations.c.state.in_(["waiting", "held"]),
                    )
                    .values(state="dropped", words=words, settled_at=at)
                )


async def next_escalation(reader: Reader) -> datetime | None:
    """Return when the next one is due."""
    row = (await _NEXT.execute(reader, {})).one_or_none()
    return None if row is None else row["due_at"]


async def due_escalations(reader: Reader, now: datetime, limit: int) -> list[str]:
    """Return the ids of those that are due, the longest due first."""
    found = await reader.execute(
        sa.select(sla_escalations.c.id)
        .where(_WAITING, sla_escalations.c.due_at <= now)
        .order_by(sla_escalations.c.due_at, sla_escalations.c.id)
        .limit(limit)
    )
    return list(found.scalars())


async def get_escalation(reader: Reader, escalation_id: str) -> Escalation | None:
    """Return one, or None where its ticket has been erased meanwhile."""
    found = await reader.execute(sa.select(sla_escalations).where(sla_escalations.c.id == escalation_id))
    row = found.mappings().one_or_none()
    return None if row is None else Escalation(**row)


async def escalations_of(reader: Reader, ticket_id: str) -> list[Escalation]:
    """Return a ticket's escalations in the order in which they are due."""
    found = await reader.execute(
        sa.select(sla_escalations)
        .where(sla_escalations.c.ticket_id == ticket_id)
        .order_by(sla_escalations.c.due_at, sla_escalations.c.id)
    )
    return [Escalation(**row) for row in found.mappings()]
