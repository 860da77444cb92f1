"""Colleagues whom an internal note names by `@`: who may be named, whom a note names, and telling them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import Reader, Transaction
from handoff.gathering import account_of
from handoff.notifications import tell
from handoff.records import Conversation, Message, Staff
from handoff.sight import may_look, standings
from handoff.teams import members


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


async def tell_mentioned(
    tx: Transaction, conversation: Conversation, note: Message, author: Staff, mentions: Mentions, *, at: datetime
) -> None:
    """Tell colleagues that a note names them, whoever wrote it left out. Idempotent by (member, note)."""
    told = mentions.staff_ids - {author.id}
    if told:
        account = await account_of(tx.connection, conversation)
        whose = f"{account.name}'s" if account is not None and account.name else "a visitor's"
        words = f"{author.name} mentioned you in {whose} conversation."
        await tell(tx, conversation.id, told, words, key=f"mentioned:{note.id}", at=at)
