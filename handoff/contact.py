"""Where a customer can be reached: an address that they typed, told from one that they only mention."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from core.database import Transaction
from core.errors import Invalid
from handoff.ownership import announce
from handoff.records import Conversation
from handoff.tables import conversations
from handoff.transcript import SYSTEM_AUTHOR, Saying, append
from handoff.wording import NOTICES, clean_email
from tickets import ticketing

LONGEST = 200
"""Characters: what is longer tells a story, in which an address may be anybody's."""
_ANY_ADDRESS = r"[^\s@<>()\[\],;:\"']{1,64}@[^\s@<>()\[\],;:\"']{1,190}"
_ADDRESS = re.compile(_ANY_ADDRESS)
_SAYS_MINE = (
    r"\bmy (?:\w+ )?(?:e-?mail|mail|address)(?: address)?(?: is|:|'s)|"
    r"\b(?:reach|contact|e-?mail|mail|(?:write|reply|answer)(?: to)?) me (?:at|on|under|via|by|here|:)|"
    r"(?:^|[.,;!?(\n])\W{0,3}(?:e-?mail|mail)(?: address)?(?: is|:)"
)
_MINE = re.compile(_SAYS_MINE, re.IGNORECASE)
_TELLING = re.compile(rf"(?:{_SAYS_MINE})\s*({_ANY_ADDRESS})\)?", re.IGNORECASE)
_LED_IN_BY = re.compile(r"(?:[\s,;(–-]|\b(?:and|please|you can|just)){1,40}$", re.IGNORECASE)


def address_given(text: str) -> str | None:
    """Return the address that a message gives as the customer's own: it is nothing else, or says so. None for any other."""
    found = _ADDRESS.findall(text) if len(text) <= LONGEST else []
    if len(found) != 1 or not (found[0] == text.strip() or _MINE.search(text)):
        return None
    try:
        return clean_email(found[0].strip(".!?"))
    except Invalid:
        return None


def address_beside(text: str) -> tuple[str | None, str]:
    """Return the address that a message gives as the customer's own beside something else, and the words without those that give it.

    Unlike `address_given` it takes a long story too: the words that say whose the address is stand right before it.
    """
    found = _TELLING.search(text)
    if found is None or len(_ADDRESS.findall(text)) != 1:
        return address_given(text), text
    try:
        email = clean_email(found[1].strip(".!?"))
    except Invalid:
        return None, text
    return email, _LED_IN_BY.sub("", text[: found.start()]) + text[found.end() :]


async def keep_address(
    tx: Transaction, conversation: Conversation, email: str, *, at: datetime, said: bool = False
) -> Conversation:
    """Remember where to reply, for the open ticket too, and say so. Idempotent by the address.

    Args:
        tx: the write.
        conversation: whose customer it is, as read under its row's lock.
        email: a clean address.
        at: now.
        said: whether the assistant has said it already.

    Returns:
        The conversation with the address.
    """
    if conversation.email == email:
        return conversation
    changed = sa.update(conversations).where(conversations.c.id == conversation.id)
    await tx.execute(changed.values(email=email, updated_at=at))
    if conversation.ticket_id is not None:
        await ticketing.set_requester_email(tx, conversation.ticket_id, email, at=at)
    if not said:
        words = NOTICES["email_saved"].format(email=email)
        notice = {"type": "email_saved", "email": email}
        await append(tx, conversation, Saying(SYSTEM_AUTHOR, words, kind="notice", notice=notice), at=at)
    await announce(tx, conversation.id, at=at)
    return replace(conversation, email=email)
