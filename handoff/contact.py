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
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"']{1,64}@[^\s@<>()\[\],;:\"']{1,190}")
_MINE = re.compile(
    r"\bmy (?:\w+ )?(?:e-?mail|mail|address)(?: address)?(?: is|:|'s)|"
    r"\b(?:reach|contact|e-?mail|mail|(?:write|reply|answer)(?: to)?) me (?:at|on|under|via|by|here|:)|"
    r"^\W*(?:e-?mail|mail)(?: address)?(?: is|:)",
    re.IGNORECASE,
)


def address_given(text: str) -> str | None:
    """Return the address that a message gives as the customer's own: it is nothing else, or says so. None for any other."""
    found = _ADDRESS.findall(text) if len(text) <= LONGEST else []
    if len(found) != 1 or not (found[0] == text.strip() or _MINE.search(text)):
        return None
    try:
        return clean_email(found[0].strip(".!?"))
    except Invalid:
        return None


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
