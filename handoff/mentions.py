"""Internal notes, and the colleagues whom one names by `@`: who may be named, whom a note names, and telling them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import Reader, Transaction
from handoff.gathering import account_of
from handoff.notifications import tell
from handoff.records import Conversation, Message, Staff
from handoff.sight import may_look, standings
from handoff.teams import members
from handoff.transcript import Author, Saying, append


@dataclass(frozen=True)
class Mentions:
    """Whom a note names.

    Attributes:
        names: as they are written in it, without the `@`, each once.
        staff_ids: whom they mean.
    """

    names: tuple[str, ...] = ()
    staff_ids: frozenset[str] = frozenset()

    @property
    def notice(self) -> dict[str, Any] | None:
        """What is kept with the note, so that every desk shows the same names."""
        return {"type": "mentions", "names": list(self.names)} if self.names else None


async def readers_of(reader: Reader, conversation_id: str) -> list[Staff]:
    """Return the active staff who may read a conversation, by name: who can be named in its notes."""
    standing = (await standings(reader, [conversation_id])).get(conversation_id)
    return [] if standing is None else [one for one in await members(reader) if may_look(one, standing)]


def mentions_in(text: str, colleagues: Sequence[Staff]) -> Mentions:
    """Find whom a note names: by the whole name, or by its first word where that is one colleague's alone. Pure.

    Of two colleagues with the same name both are meant. An address of e-mail names nobody.
    """
    known: dict[str, set[str]] = defaultdict(set)
    first: dict[str, set[str]] = defaultdict(set)
    for one in colleagues:
        known[one.name.casefold()].add(one.id)
        first[one.name.split()[0].casefold()].add(one.id)
    for word, meant in first.items():
        if len(meant) == 1:
            known.setdefault(word, meant)
    if "@" not in text or not known:
        return Mentions()
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    found = dict.fromkeys(re.findall(rf"(?<![\w@])@({names})(?!\w)", text, re.IGNORECASE))
    meant_ids = (known.get(name.casefold(), set()) for name in found)
    return Mentions(tuple(found), frozenset().union(*meant_ids))


async def leave_note(
    tx: Transaction,
    conversation: Conversation,
    author: Staff,
    text: str,
    *,
    client_id: str | None = None,
    told: Collection[str] = (),
    at: datetime,
) -> Message:
    """Append an internal note and tell the colleagues whom it names, in the same transaction.

    Args:
        tx: the write that the note is part of.
        conversation: as it was read under its row's lock.
        author: who writes it; whoever names themselves is not told.
        text: the note, cleaned.
        client_id: what makes a repetition harmless; the caller has looked whether it was said before.
        told: ids of those who are told its words anyway.
        at: now.
    """
    mentions = Mentions()
    if "@" in text:
        mentions = mentions_in(text, await readers_of(tx.connection, conversation.id))
    saying = Saying(
        Author("agent", author.name, author.id), text, kind="note", client_id=client_id, notice=mentions.notice
    )
    note = await append(tx, conversation, saying, at=at)
    await _tell(tx, conversation, note, author, mentions.staff_ids - {author.id, *told}, at)
    return note


async def _tell(
    tx: Transaction, conversation: Conversation, note: Message, author: Staff, named: Collection[str], at: datetime
) -> None:
    if named:
        account = await account_of(tx.connection, conversation)
        whose = f"{account.name}'s" if account is not None and account.name else "a visitor's"
        words = f"{author.name} mentioned you in {whose} conversation."
        await tell(tx, conversation.id, named, words, key=f"mentioned:{note.id}", at=at)
