"""Handing a conversation over to people: ticket, triage, package, clocks, owner and event in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.database import Reader, Transaction
from core.errors import Invalid
from core.intents import of_kinds
from customers.accounts import Account
from handoff.failing import cause_of_asking
from handoff.gathering import account_of, gather
from handoff.ownership import change_owner
from handoff.package import about_the_chat, build_package, names_a_matter, understandings_of
from handoff.package_views import PackageView
from handoff.records import BOT, CLOSED, QUEUE, Conversation, Message, Understanding
from handoff.sinks import tell_handed_over
from handoff.sla.clocks import start_clocks
from handoff.sla.measuring import policy_for
from handoff.sla.sla_rules import current_rules
from handoff.tables import packages
from handoff.transcript import BOT_AUTHOR, SYSTEM_AUTHOR, Saying, append, transcript
from handoff.turns import drop_turn
from handoff.wording import AUTO_REPLY, NOTICES, REASONS, TALK_TO_PERSON
from knowledge.searches import note_handoff
from knowledge.votes import voter_of, votes_of
from tickets.reading import Head
from tickets.ticketing import Ticket, open_ticket, tickets_of_customer
from tickets.triage import Signal, Triage, TriageRequest, triage

EARLIER = timedelta(days=90)


async def hand_over(
    tx: Transaction,
    conversation: Conversation,
    reason: str,
    *,
    at: datetime,
    head: Head | None = None,
    subject: str | None = None,
    after: Conversation | None = None,
    offered: Sequence[Mapping[str, Any]] = (),
    rule: str | None = None,
) -> Conversation:
    """Give a conversation that the bot owns, or that was closed, to the queue. Called again for one that a person has, it changes nothing.

    Args:
        tx: the write that the handoff is, with the words that led to it.
        conversation: the conversation as it was read under its row's lock.
        reason: one of the codes in `handoff.wording.REASONS`. Who asks because the assistant failed has that as the reason.
        at: now; the first-response clock starts here.
        head: what triage learned from labelled tickets; None for the rules alone.
        subject: the ticket's subject, where the customer gave one.
        after: the chat that this conversation came out of: what was tried there belongs into the package.
        offered: answers from articles that nobody has seen yet, the best first: triage may have the bot say the first beside the ticket.
        rule: name of the rule that hands over, if one does.

    Raises:
        Invalid: there is no such reason.
        StaleEpoch: somebody else changed the owner meanwhile.
    """
    if reason not in REASONS:
        raise Invalid(f"There is no reason {reason!r} to hand over.", field="reason")
    if conversation.owner not in {BOT, CLOSED}:
        return conversation
    reader = tx.connection
    talk = await _talk(reader, conversation, after)
    if reason == "asked":
        reason = cause_of_asking(talk.said, talk.understood, about_the_chat()) or reason
    triaged = await _triage(reader, talk, None if offered else reason, offered, at, head)
    ticket = await open_ticket(
        tx,
        subject=subject or subject_for(talk.said, talk.understood, reason),
        text=_own_words(talk.said),
        triage=triaged,
        source=conversation.channel,
        at=at,
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        requester_email=conversation.email or (talk.account.email if talk.account else None),
    )
    reply = next((answer for answer in offered if answer["article_id"] == triaged.auto_reply), None)
    if reply is not None:
        saying = Saying(BOT_AUTHOR, AUTO_REPLY, "answer", answer=dict(reply))
        talk.said.append(await append(tx, conversation, saying, at=at))
    package = await _pack(tx, conversation, talk, ticket, after or conversation, reason, rule, at)
    rules = await current_rules(reader)
    await start_clocks(tx, ticket, policy_for(rules.policies, ticket, talk.account), at)
    for message in talk.said:
        if message.turn == "pending":
            await drop_turn(tx, message)
    new_ticket = {"ticket_id": ticket.id, "last_ticket_id": ticket.id, "rating_ticket_id": None, "rating_score": None}
    waiting = await change_owner(tx, conversation, QUEUE, at=at, reason=reason, **new_ticket)
    await tell_handed_over(tx, waiting, ticket, package, at=at)
    await note_handoff(tx, conversation.id, at=at)
    notice = {"type": "queued", "reason": reason, "ticket": ticket.number}
    await append(tx, waiting, Saying(SYSTEM_AUTHOR, NOTICES["queued"], kind="notice", notice=notice), at=at)
    return waiting


@dataclass(frozen=True)
class _Talk:
    """What led to a handoff.

    Attributes:
        said: in the conversation since the bot got it, in order.
        before: in the chat that it came out of, if it did.
        understood: what the assistant made of these messages, by their ids.
        account: the customer's, if they are known.
    """

    said: list[Message]
    before: Sequence[Message]
    understood: Mapping[str, Understanding]
    account: Account | None

    @property
    def told(self) -> list[Message]:
        """Return all that was said, in order."""
        return [*self.before, *self.said]


async def _talk(reader: Reader, conversation: Conversation, after: Conversation | None) -> _Talk:
    said = await _said_in_this_epoch(reader, conversation)
    understood = await understandings_of(reader, conversation.id)
    before: list[Message] = []
    if after is not None:
        before = await _said_in_this_epoch(reader, after)
        understood |= await understandings_of(reader, after.id)
    return _Talk(said, before, understood, await account_of(reader, conversation))


async def _pack(
    tx: Transaction,
    conversation: Conversation,
    talk: _Talk,
    ticket: Ticket,
    searched_in: Conversation,
    reason: str,
    rule: str | None,
    at: datetime,
) -> PackageView:
    """Put the package together and keep it; `searched_in` is the chat whose searches opened articles."""
    votes = await votes_of(tx.connection, voter_of(conversation.visitor_id, conversation.customer_id))
    shown = _shown(talk.told)
    known = await gather(tx.connection, searched_in, talk.account, ticket, shown=shown, rule=rule, at=at)
    package = build_package(talk.told, talk.understood, votes, known, conversation=conversation, reason=reason, at=at)
    row = {"ticket_id": ticket.id, "version": package["version"], "content": package, "at": at}
    await tx.execute(sa.insert(packages).values(row))
    return package


async def _said_in_this_epoch(reader: Reader, conversation: Conversation) -> list[Message]:
    said = await transcript(reader, conversation.id, notes=False)
    return [message for message in said if message.epoch == conversation.epoch]


def subject_for(said: Sequence[Message], understood: Mapping[str, Understanding], reason: str) -> str:
    """Return what the customer last asked about, in their words, else why it was handed over."""
    own = [message for message in said if message.author_kind == "customer" and message.payload is None]
    asked = [message.text for message in own if names_a_matter(understood.get(message.id, Understanding()))]
    telling = [text for text in asked if len(text.split()) > 2]
    return next(iter((telling or asked or [message.text for message in own])[-1:]), REASONS[reason])


async def _triage(
    reader: Reader,
    talk: _Talk,
    reason: str | None,
    offered: Sequence[Mapping[str, Any]],
    at: datetime,
    head: Head | None,
) -> Triage:
    intents = [talk.understood[one.id] for one in talk.told if one.id in talk.understood and one.payload is None]
    topicless = no_topic()
    topics = ([one for one in seen.matters() if one[0] not in topicless] for seen in reversed(intents))
    (intent, confidence), *also = next((some for some in topics if some), [(None, None)])
    account, earlier = talk.account, 0
    if account is not None:
        tickets = await tickets_of_customer(reader, account.id)
        earlier = sum(1 for ticket in tickets if ticket.created_at >= at - EARLIER)
    articles = [*_shown(talk.told), *(str(answer["article_id"]) for answer in offered)]
    request = TriageRequest(
        text=_own_words(talk.said),
        intent=intent,
        intent_confidence=confidence,
        also=tuple((str(name), sure or 0.0) for name, sure in also),
        plan=account.plan if account else None,
        mrr=account.mrr if account else None,
        handover_reason=reason,
        earlier_tickets=earlier,
        signals=Signal.strongest([seen.signals for seen in intents]),
        articles=tuple(dict.fromkeys(articles)),
    )
    return triage(request) if head is None else await asyncio.to_thread(triage, request, None, head)


def _shown(said: Sequence[Message]) -> list[str]:
    return [message.answer["article_id"] for message in said if message.answer is not None]


def no_topic() -> frozenset[str | None]:
    """Return what names no topic: intents about the chat, those that say only that the assistant did not know one, and none."""
    return about_the_chat() | of_kinds("unknown") | {None}


def _own_words(said: Sequence[Message]) -> str:
    return "\n".join(
        message.text
        for message in said
        if message.author_kind == "customer" and message.payload is None and message.text != TALK_TO_PERSON[0]
    )
