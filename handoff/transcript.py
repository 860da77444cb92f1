"""What is said in a conversation: appended once, in order, and read back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.database import Moment, Reader, Transaction
from core.errors import NotFound
from core.events import record_event
from core.identifiers import new_id
from core.prepared import Prepared
from handoff.records import AuthorKind, Button, Conversation, Message, MessageKind
from handoff.sinks import tell_message
from handoff.tables import conversations, messages, pressed_buttons
from handoff.views import message_view

TRANSCRIPT_LIMIT = 200
"""Messages that a snapshot carries, the newest."""
_SELECT_ONE = sa.select(conversations).where(conversations.c.id == sa.bindparam("conversation"))
_ONE = Prepared(_SELECT_ONE)
_LOCK_ONE = Prepared(_SELECT_ONE.with_for_update())
_DRAW = Prepared(
    sa.update(conversations)
    .where(conversations.c.id == sa.bindparam("conversation"))
    .values(messages=conversations.c.messages + 1, updated_at=sa.bindparam("moment"))
    .returning(conversations.c.messages)
)
_INSERT = Prepared(sa.insert(messages))


def _earlier(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    """Select a column of the conversation's oldest turn that a process has in hand."""
    turn = messages.alias()
    return (
        sa.select(turn.c[column.name])
        .where(turn.c.conversation_id == sa.bindparam("conversation"), turn.c.turn == sa.literal_column("'pending'"))
        .where(turn.c.runner.is_not(None), turn.c.turn_lease > sa.bindparam("now", type_=Moment))
        .order_by(turn.c.seq)
        .limit(1)
        .scalar_subquery()
    )


# One process answers a conversation's turns, in their order: a turn goes to the one that has the turn before it.
_INSERT_TURN = Prepared(
    sa.insert(messages).values(
        runner=sa.func.coalesce(_earlier(messages.c.runner), sa.bindparam("ours", type_=sa.String)),
        turn_lease=sa.func.coalesce(_earlier(messages.c.turn_lease), sa.bindparam("until", type_=Moment)),
    )
)
_SAID = Prepared(
    sa.select(messages).where(
        messages.c.conversation_id == sa.bindparam("conversation"),
        messages.c.author_kind == sa.bindparam("author"),
        messages.c.client_id == sa.bindparam("client"),
    )
)


@dataclass(frozen=True)
class Author:
    """Who says something."""

    kind: AuthorKind
    name: str
    id: str | None = None


BOT_AUTHOR = Author("bot", "Assistant")
SYSTEM_AUTHOR = Author("system", "")


@dataclass(frozen=True)
class Lease:
    """Which process is to have a turn answered, None for any, and for how long others leave it to it."""

    runner: str | None
    length: timedelta


@dataclass(frozen=True)
class Saying:
    """What is to be appended. `client_id` makes a repetition harmless; `lease` makes it a turn that the bot is to answer."""

    author: Author
    text: str
    kind: MessageKind = "text"
    client_id: str | None = None
    answer: dict[str, Any] | None = None
    notice: dict[str, Any] | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    payload: str | None = None
    lease: Lease | None = None


async def get_conversation(reader: Reader, conversation_id: str, *, lock: bool = False) -> Conversation:
    """Read one conversation.

    Args:
        reader: a read, or a write's connection.
        conversation_id: which one.
        lock: hold its row until the end of the write, so that nothing decided from it can change meanwhile.

    Raises:
        NotFound: there is none with this id.
    """
    chosen = _LOCK_ONE if lock else _ONE
    row = (await chosen.execute(reader, {"conversation": conversation_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such conversation.")
    return Conversation.of(row)


async def append(tx: Transaction, conversation: Conversation, saying: Saying, *, at: datetime) -> Message:
    """Append one message and its event. The caller has checked that the author may speak.

    The order of messages is the order of commits: the number is drawn under the conversation's row lock.
    """
    drawn = await _DRAW.execute(tx.connection, {"conversation": conversation.id, "moment": at})
    message_id = new_id("ms")
    buttons = [
        Button(f"{message_id}.{position}", title, payload) for position, (title, payload) in enumerate(saying.buttons)
    ]
    message = Message(
        id=message_id,
        conversation_id=conversation.id,
        seq=drawn.scalar_one(),
        epoch=conversation.epoch,
        kind=saying.kind,
        author_kind=saying.author.kind,
        author_id=saying.author.id,
        author_name=saying.author.name,
        text=saying.text,
        client_id=saying.client_id,
        answer=saying.answer,
        notice=saying.notice,
        payload=saying.payload,
        turn=None if saying.lease is None else "pending",
        at=at,
        buttons=tuple(buttons),
    )
    row = {
        **{name: getattr(message, name) for name in _STORED},
        "buttons": [vars(button) for button in buttons] or None,
    }
    if saying.lease is None:
        await _INSERT.execute(tx.connection, row)
    else:
        lease = {"now": at, "ours": saying.lease.runner, "until": at + saying.lease.length}
        await _INSERT_TURN.execute(tx.connection, {**row, **lease, "conversation": conversation.id})
    await record_event(
        tx,
        conversation.id,
        "message",
        {"message": message_view(message)},
        at=at,
        audience="staff" if saying.kind == "note" else "both",
    )
    await tell_message(tx, conversation, message, at=at)
    return message


_STORED = (
    "id", "conversation_id", "seq", "epoch", "kind", "author_kind", "author_id", "author_name", "text", "client_id",
    "answer", "notice", "payload", "turn", "at",
)  # fmt: skip


async def said_before(reader: Reader, conversation_id: str, author_kind: AuthorKind, client_id: str) -> Message | None:
    """Return the message that this client id stands for, if it has been stored already."""
    given = {"conversation": conversation_id, "author": author_kind, "client": client_id}
    row = (await _SAID.execute(reader, given)).one_or_none()
    return None if row is None else Message.of(row)


async def last_of_bot(reader: Reader, conversation: Conversation) -> Message | None:
    """Return what the bot said last in this epoch, if it has said anything."""
    chosen = sa.select(messages).where(
        messages.c.conversation_id == conversation.id,
        messages.c.epoch == conversation.epoch,
        messages.c.author_kind == BOT_AUTHOR.kind,
    )
    row = (await reader.execute(chosen.order_by(messages.c.seq.desc()).limit(1))).mappings().one_or_none()
    return None if row is None else Message.of(row)


async def transcript(
    reader: Reader, conversation_id: str, *, notes: bool, limit: int = TRANSCRIPT_LIMIT
) -> list[Message]:
    """Return the newest `limit` messages in order; internal notes only with `notes`."""
    chosen = sa.select(messages).where(messages.c.conversation_id == conversation_id)
    if not notes:
        chosen = chosen.where(messages.c.kind != "note")
    rows = (await reader.execute(chosen.order_by(messages.c.seq.desc()).limit(limit))).mappings().all()
    pressed = await reader.execute(
        sa.select(pressed_buttons.c.message_id, pressed_buttons.c.button_id)
        .join(messages, messages.c.id == pressed_buttons.c.message_id)
        .where(messages.c.conversation_id == conversation_id)
    )
    by_message: dict[str, set[str]] = {}
    for message_id, button_id in pressed:
        by_message.setdefault(message_id, set()).add(button_id)
    return [Message.of(row, frozenset(by_message.get(row["id"], ()))) for row in reversed(rows)]


async def find_button(reader: Reader, conversation_id: str, button_id: str) -> tuple[Message, Button] | None:
    """Return the button that was issued in this conversation under this id, with its message."""
    message_id = button_id.rpartition(".")[0]
    rows = await reader.execute(
        sa.select(messages).where(messages.c.id == message_id, messages.c.conversation_id == conversation_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        return None
    message = Message.of(row)
    return next(((message, button) for button in message.buttons if button.id == button_id), None)
