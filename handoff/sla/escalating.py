"""What a warning or breach sets going: told to desks and webhooks, and escalated by rule, each step once however often it is tried."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from core.clock import iso
from core.database import Database, Reader, Transaction
from core.errors import BatonError
from core.events import record_event
from core.outbox import enqueue
from core.webhook_endpoints import endpoints, wants
from handoff.notifications import notify
from handoff.ownership import announce
from handoff.records import Conversation, Staff, agent_owner
from handoff.routing.transferring import move_to_person, move_to_team
from handoff.sinks import ESCALATION
from handoff.sla.clock_states import SlaClock, clock_view
from handoff.sla.clock_words import metric_in_words
from handoff.sla.clocks import Fired, clocks_of, fire_due, note
from handoff.sla.escalation_rules import LEAD, Action
from handoff.sla.escalations import (
    Escalation,
    Start,
    due_escalations,
    get_escalation,
    plan,
    put_off,
    put_words,
    settle,
)
from handoff.sla.measuring import measure_again
from handoff.sla.sla_rules import rules_of
from handoff.tables import conversations
from handoff.teams import members
from handoff.transcript import get_conversation
from tickets import ticketing
from tickets.tables import tickets
from tickets.ticketing import Ticket
from tickets.vocabulary import FINISHED, PRIORITIES, Priority, raised

log = structlog.get_logger()
BY = "Support"
"""Who customers and colleagues read has moved a conversation, where a rule did."""


async def fire(tx: Transaction, now: datetime, limit: int) -> list[Fired]:
    """Tell the warnings and breaches that have fallen due, and plan what follows them, in one transaction."""
    fired = await fire_due(tx, now, limit)
    if not fired:
        return fired
    found = await tx.execute(sa.select(tickets).where(tickets.c.id.in_({one.clock.ticket_id for one in fired})))
    of = {ticket.id: ticket for ticket in map(Ticket.of, found.mappings())}
    starts = []
    for one in fired:
        rules = await rules_of(tx.connection, one.clock.policy.version)
        start = Start(one.clock, of[one.clock.ticket_id], one.what, since=one.at, begins=one.at)
        starts.append((start, rules.escalations))
    await plan(tx, starts)
    heard = {kind for endpoint in await endpoints(tx.connection) if endpoint.active for kind in endpoint.kinds}
    # Event counters are locked in one order, so that two processes cannot wait for each other.
    for one in sorted(fired, key=lambda fired: fired.clock.conversation_id or ""):
        clock, kind = one.clock, f"sla.{one.what}"
        if wants(tuple(heard), kind):
            told = {"ticket": _ticket(of[clock.ticket_id]), "clock": clock_view(clock, now), "at": iso(one.at)}
            await enqueue(tx, kind, f"sla:{clock.id}:{one.what}:{iso(one.at)}", told, at=one.at)
        if clock.conversation_id is not None:
            data = {"clock": clock_view(clock, now), "what": one.what}
            await record_event(tx, clock.conversation_id, "clock", data, at=now, audience="staff")
    return fired


async def escalate_due(database: Database, now: datetime, limit: int = 50) -> int:
    """Do what is due by rule; returns how many were looked at. Each is settled in a transaction of its own, with all that it does.

    One that breaks is dropped with the reason, after which the later ones have their turn.

    Raises:
        SQLAlchemyError, OSError: the database could not be used; what is not settled is still due.
    """
    async with database.read() as reader:
        due = await due_escalations(reader, now, limit)
    for escalation_id in due:
        try:
            async with database.write() as tx:
                await _escalate(tx, escalation_id, now)
        except Exception as error:
            if _away(error):
                raise
            # The database is well, so trying again would fail again, and hold up every later escalation.
            log.exception("an escalation broke", escalation=escalation_id)
            async with database.write() as tx:
                await settle(tx, escalation_id, "dropped", f"It could not be done: {type(error).__name__}.", now)
    return len(due)


def _away(error: Exception) -> bool:
    """Tell whether it is the database that could not be used, and not one statement that it refused."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return isinstance(error, SQLAlchemyError | OSError)


async def _escalate(tx: Transaction, escalation_id: str, now: datetime) -> None:
    """Rows are locked in the order of `handoff.speaking`: conversation, ticket, clocks; then whoever settles the escalation acts."""
    escalation = await get_escalation(tx.connection, escalation_id)
    if escalation is None or escalation.state != "waiting":
        return
    ticket = await ticketing.get_ticket(tx.connection, escalation.ticket_id)
    conversation = None
    if ticket.conversation_id is not None:
        conversation = await get_conversation(tx.connection, ticket.conversation_id, lock=True)
        ticket = await ticketing.get_ticket(tx.connection, escalation.ticket_id)
    found = [clock for clock in await clocks_of(tx.connection, ticket.id) if clock.id == escalation.clock_id]
    why_not = _needless(escalation, found[0], ticket, conversation)
    if why_not is not None:
        if await settle(tx, escalation.id, "dropped", why_not, now):
            await note(tx, found[0], "dropped", f"“{escalation.rule}”: {why_not}", at=escalation.due_at, noted_at=now)
        return
    if found[0].standing and found[0].unanswered and escalation.due_at > found[0].pauses[-1].start:
        await put_off(tx, escalation.id)
        return
    if not await settle(tx, escalation.id, "done", "", now):
        return
    step = _Step(tx, escalation, found[0], ticket, conversation, now)
    words = await step.act()
    await put_words(tx, escalation.id, words)
    await note(tx, found[0], "escalated", f"“{escalation.rule}”: {words}", at=escalation.due_at, noted_at=now)
    rules = await rules_of(tx.connection, escalation.version)
    start = Start(found[0], step.ticket, escalation.firing, escalation.since, escalation.due_at, escalation.rule)
    await plan(tx, [(start, rules.escalations)])
    if ticket.conversation_id is not None:
        data = {"rule": escalation.rule, "words": step.summary, "to": sorted(step.told)}
        await record_event(tx, ticket.conversation_id, "escalation", data, at=now, audience="staff")


def _needless(escalation: Escalation, clock: SlaClock, ticket: Ticket, conversation: Conversation | None) -> str | None:
    """Say why nothing has to be done any more, if nothing has."""
    if escalation.always:
        return None
    if not clock.unanswered:
        return "Not needed: it has been done meanwhile."
    if escalation.firing == "breach" and clock.breached_at is None:
        return "Not needed: there is no breach any more."
    if ticket.status in FINISHED or (conversation is not None and conversation.ticket_id != ticket.id):
        return "Not needed: the ticket is no longer open."
    return None


class _Step:
    """One escalation being done: who was told, and what was changed, in words."""

    def __init__(
        self,
        tx: Transaction,
        escalation: Escalation,
        clock: SlaClock,
        ticket: Ticket,
        conversation: Conversation | None,
        now: datetime,
    ) -> None:
        self.ticket = ticket
        self.told: set[str] = set()
        what = "is overdue" if escalation.firing == "breach" else "is due soon"
        self.summary = f"{ticket.number}: {metric_in_words(clock.metric)} {what} ({escalation.rule})."
        self._tx, self._escalation, self._clock, self._conversation, self._now = (
            tx,
            escalation,
            clock,
            conversation,
            now,
        )

    async def act(self) -> str:
        """Do all that the rule says, and say what was done."""
        done = [await self._do(action) for action in self._escalation.actions]
        await notify(
            self._tx,
            self.told,
            self.summary,
            key=self._escalation.id,
            conversation_id=self.ticket.conversation_id,
            at=self._now,
        )
        return " ".join(done)

    async def _do(self, action: Action) -> str:
        if action.kind == "notify":
            return await self._notify(action.target)
        if action.kind == "raise_priority":
            return await self._raise(action.target)
        if action.kind == "move_to":
            return await self._move(action.target)
        return await self._call(action.target)

    async def _notify(self, target: str) -> str:
        assignee = self._assignee()
        if target == "assignee" and assignee is not None:
            staff = [one for one in await members(self._tx.connection) if one.id == assignee]
        else:
            staff = _leads(await members(self._tx.connection))
        self.told |= {one.id for one in staff}
        names = ", ".join(one.name for one in staff)
        if target == "assignee" and assignee is None:
            return f"Nobody has it, so the leads were told: {names or 'there are none'}."
        return f"Told {names}." if names else "Nobody could be told."

    async def _raise(self, target: str) -> str:
        old = self.ticket.priority
        new: Priority = raised(old) if target == "" else next(one for one in PRIORITIES if one == target)
        if PRIORITIES.index(new) >= PRIORITIES.index(old):
            return f"The priority was {old} already."
        self.ticket = await ticketing.set_priority(self._tx, self.ticket.id, new, at=self._now)
        await measure_again(self._tx, self.ticket, self._now)
        await self._announce()
        return f"The priority went from {old} to {new}."

    async def _move(self, target: str) -> str:
        if self._conversation is None:
            return "There is no conversation to move."
        words = f"{self.summary} Moved by the rule “{self._escalation.rule}”."
        try:
            async with self._tx.connection.begin_nested():
                if target == LEAD:
                    return await self._move_to_lead(self._conversation, words)
                self._conversation = await move_to_team(
                    self._tx, self._conversation, target, by=BY, note=words, at=self._now
                )
        except BatonError as error:
            leads = _leads(await members(self._tx.connection))
            self.told |= {one.id for one in leads}
            self.summary += f" It could not be moved to {target}: {error.message}"
            return f"It could not be moved to {target}, and the leads were told. {error.message}"
        self.ticket = await ticketing.get_ticket(self._tx.connection, self.ticket.id)
        return f"Moved to the team {target}."

    async def _move_to_lead(self, conversation: Conversation, words: str) -> str:
        leads = _leads(await members(self._tx.connection))
        if any(one.id == conversation.agent_id for one in leads):
            return "A lead has it already."
        lead = await _least_busy(self._tx.connection, leads)
        if lead is None:
            return "There is no lead to move it to."
        self._conversation = await move_to_person(self._tx, conversation, lead, by=BY, note=words, at=self._now)
        self.told.add(lead.id)
        return f"Moved to {lead.name}."

    async def _call(self, channel: str) -> str:
        payload: dict[str, Any] = {
            "channel": channel,
            "rule": self._escalation.rule,
            "words": self.summary,
            "what": self._escalation.firing,
            "since": iso(self._escalation.since),
            "ticket": _ticket(self.ticket),
            "clock": clock_view(self._clock, self._now),
        }
        key = f"escalation:{self._escalation.id}:{channel}"
        message = await enqueue(self._tx, ESCALATION, key, payload, at=self._now, part=channel)
        return f"Sent to channel {channel}." if message else f"No webhook takes what channel {channel} is sent."

    def _assignee(self) -> str | None:
        return self._conversation.agent_id if self._conversation is not None else self.ticket.assignee

    async def _announce(self) -> None:
        if self.ticket.conversation_id is not None:
            await announce(self._tx, self.ticket.conversation_id, at=self._now)


def _leads(staff: Iterable[Staff]) -> list[Staff]:
    return [one for one in staff if one.supervises]


async def _least_busy(reader: Reader, leads: list[Staff]) -> Staff | None:
    owners = {agent_owner(one.id): one for one in leads}
    counted = await reader.execute(
        sa.select(conversations.c.owner, sa.func.count())
        .where(conversations.c.owner.in_(list(owners)))
        .group_by(conversations.c.owner)
    )
    busy = {row[0]: row[1] for row in counted}
    ranked = sorted(owners.items(), key=lambda item: (item[1].role != "lead", busy.get(item[0], 0), item[1].id))
    return ranked[0][1] if ranked else None


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "number": ticket.number,
        "subject": ticket.subject,
        "priority": ticket.priority,
        "team": ticket.team,
        "category": ticket.category,
        "conversation_id": ticket.conversation_id,
    }
