"""Passing a conversation on: to a team, where whoever is on duty takes it, or to a person, with a note that says why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from core.database import Database, Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, StaleEpoch
from handoff.mentions import leave_note
from handoff.notifications import tell_of_move
from handoff.ownership import announce
from handoff.records import QUEUE, Conversation, Staff
from handoff.routing.assigning import let_go, requeue, take, tell
from handoff.sight import check_sight
from handoff.sla.measuring import measure_again
from handoff.tables import staff
from handoff.teams import Team, get_team, members
from handoff.transcript import Author, Saying, append, get_conversation, transcript
from handoff.wording import clean_text
from tickets import ticketing
from tickets.records import Ticket

_LATEST = 20
"""Messages among which the note of a transfer is looked for when the transfer is asked for again."""


async def transfer(
    database: Database,
    conversation_id: str,
    agent: Staff,
    *,
    epoch: int,
    at: datetime,
    team: str | None = None,
    to: str | None = None,
    note: str = "",
) -> Conversation:
    """Let a person pass a conversation on to a team or to a colleague, by id.

    Idempotent by conversation and team or colleague: repeated after it was done, as by who lost the answer, it changes nothing. A note
    to the team that it waits for already is left, once.

    Who has it may, whoever answers customers may while it waits, and a lead or admin always.

    Raises:
        Invalid: not exactly one of `team` and `to` is given.
        NotFound: there is no such team or colleague.
        Conflict: nobody is in the team, or the colleague cannot have it.
        StaleEpoch: it has changed hands since the agent looked.
        Forbidden: a colleague has it, or has it already and is of a team whose conversations this agent may not read.
    """
    if (team is None) == (to is None):
        raise Invalid("Name a team or a colleague to pass the conversation to.", field="team")
    words = clean_text(note, field="note") if note.strip() else ""
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if conversation.owner != QUEUE and conversation.agent_id is None:
            raise Conflict("The assistant has this conversation; there is nothing to pass on.")
        colleague = None if to is None else await _colleague(tx, to)
        if colleague is not None and conversation.agent_id == colleague.id:
            await check_sight(tx.connection, agent, conversation_id)
            return conversation
        if team is not None and _waits_for(team, conversation, await _ticket_of(tx, conversation)):
            await check_sight(tx.connection, agent, conversation_id)
            await _note_once(tx, conversation, words, agent, at)
            return conversation
        if conversation.epoch != epoch:
            raise StaleEpoch("This conversation has changed since you looked. Open it again.")
        if conversation.agent_id not in (None, agent.id) and not agent.supervises:
            raise Forbidden("A colleague has this conversation. Only they, a lead or an admin can pass it on.")
        former = conversation.agent_id
        if colleague is not None:
            moved = await move_to_person(tx, conversation, colleague, by=agent, note=words, at=at)
            why = f" {words}" if words else ""
            told = f"{agent.name} passed {{number}} to {colleague.name}.{why}"
            await tell_of_move(tx, moved, [colleague.id, former], told, by=agent.id, at=at)
            return moved
        moved = await move_to_team(tx, conversation, team or "", by=agent, note=words, at=at)
        if former is not None:
            chosen = await get_team(tx.connection, team or "")
            told = f"{agent.name} passed {{number}} to the team {chosen.title}."
            await tell_of_move(tx, moved, [former], told, by=agent.id, at=at)
        return moved


async def move_to_team(
    tx: Transaction, conversation: Conversation, team: str, *, by: Staff | str, note: str, at: datetime
) -> Conversation:
    """Give a conversation that people have, or that waits for one, to a team's queue; its clocks keep its place.

    The ticket's team is corrected, the old one kept. What waits for that team already stays as it is, so this is idempotent by
    conversation and team.

    Args:
        tx: the write; escalation calls this in its own.
        conversation: as it was read under its row's lock.
        team: name of the team.
        by: who moves it, or in words what does, such as an escalation rule.
        note: why, for colleagues, and whom it names by `@` is told; empty says only that it was moved.
        at: now.

    Raises:
        NotFound: there is no such team.
        Conflict: nobody is in the team, or the assistant has the conversation.
        StaleEpoch: somebody else changed the owner meanwhile.
    """
    if conversation.owner != QUEUE and conversation.agent_id is None:
        raise Conflict("The assistant has this conversation; there is nothing to pass on.")
    chosen = await _team_with_members(tx, team)
    ticket = await _ticket_of(tx, conversation)
    if _waits_for(chosen.name, conversation, ticket):
        return conversation
    if ticket is not None:
        moved = await ticketing.override(tx, ticket.id, "team", chosen.name, by=_name(by), at=at)
        await measure_again(tx, moved, at)  # A policy may be for some teams only.
    waiting = conversation
    if conversation.agent_id is not None:
        waiting = await requeue(tx, conversation, "transferred", at=at)
        await tell(
            tx,
            waiting,
            "moved_to_team",
            at=at,
            wording=_by_rule("moved_to_team", by),
            agent=_name(by),
            team=chosen.title,
        )
    else:
        await announce(tx, conversation.id, at=at)
    await _note(tx, waiting, f"Moved to the team {chosen.title}.", note, by, at)
    return waiting


async def move_to_person(
    tx: Transaction, conversation: Conversation, colleague: Staff, *, by: Staff | str, note: str, at: datetime
) -> Conversation:
    """Give a conversation that people have, or that waits for one, to a member of staff; the customer reads their name.

    It is theirs however many they have already: a person decided so. Idempotent by conversation and colleague.

    Raises:
        Conflict: the colleague does not answer customers, or is not active any more.
        StaleEpoch: somebody else changed the owner meanwhile.
    """
    if conversation.agent_id == colleague.id:
        return conversation
    if not colleague.active or not colleague.serves(None):
        raise Conflict(f"{colleague.name} does not answer customers. Choose somebody else.", field="agent")
    if conversation.agent_id is not None:
        await let_go(tx, conversation, "transferred", at=at)
        # They waited for an answer before; who passes them on does not make them wait anew.
        conversation = replace(conversation, queued_at=at)
    taken = await take(tx, conversation, colleague, at=at)
    await tell(
        tx, taken, "moved_to_person", at=at, wording=_by_rule("moved_to_person", by), agent=_name(by), to=colleague.name
    )
    # Whom it came to and was taken from are told of the move, in the same words.
    told = {colleague.id, conversation.agent_id or colleague.id}
    await _note(tx, taken, f"Passed to {colleague.name}.", note, by, at, told=told)
    return taken


async def _ticket_of(tx: Transaction, conversation: Conversation) -> Ticket | None:
    return None if conversation.ticket_id is None else await ticketing.get_ticket(tx.connection, conversation.ticket_id)


def _waits_for(team: str, conversation: Conversation, ticket: Ticket | None) -> bool:
    return conversation.owner == QUEUE and ticket is not None and ticket.team == team


async def _team_with_members(tx: Transaction, name: str) -> Team:
    team = await get_team(tx.connection, name)
    if not any(member.serves(team.name) for member in await members(tx.connection)):
        reason = f"Nobody is in the team {team.title}. Choose another one, or put somebody into it."
        raise Conflict(reason, field="team")
    return team


async def _colleague(tx: Transaction, staff_id: str) -> Staff:
    row = (await tx.execute(sa.select(staff).where(staff.c.id == staff_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such colleague.", field="agent")
    return Staff.of(row)


async def _note(
    tx: Transaction,
    conversation: Conversation,
    what: str,
    note: str,
    by: Staff | str,
    at: datetime,
    *,
    told: Collection[str] = (),
) -> None:
    """Leave the note of a move; whom a person names in it is told, but for those who are `told` its words anyway."""
    text = f"{what}\n{note}" if note else what
    if isinstance(by, str):
        await append(tx, conversation, Saying(Author("agent", by), text, kind="note"), at=at)
    else:
        await leave_note(tx, conversation, by, text, told=told, at=at)


async def _note_once(tx: Transaction, conversation: Conversation, words: str, by: Staff, at: datetime) -> None:
    """Leave the note of a transfer to where the conversation waits already, unless it is the one of the transfer that brought it there."""
    latest = await transcript(tx.connection, conversation.id, notes=True, limit=_LATEST)
    known = any(
        said.kind == "note" and said.author_id == by.id and words in (said.text, said.text.partition("\n")[2])
        for said in latest
    )
    if words and not known:
        await leave_note(tx, conversation, by, words, at=at)


def _by_rule(kind: str, by: Staff | str) -> str:
    """Return the words for a move: a customer is told of people, and of no rules."""
    return f"{kind}_by_rule" if isinstance(by, str) else kind


def _name(by: Staff | str) -> str:
    return by if isinstance(by, str) else by.name
