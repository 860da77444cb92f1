"""Turns that the assistant could not answer: the customer is told and offered a person, and at the second in a row they get one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal

from core.database import Transaction
from core.errors import StaleEpoch
from handoff.records import BOT, Conversation, Message, Understanding
from handoff.transcript import SYSTEM_AUTHOR, Saying, append, get_conversation, transcript
from handoff.turns import drop_turn, settle_turn
from handoff.wording import NOTICES, TALK_TO_PERSON

Cause = Literal["bot_unavailable", "action_failed"]
"""Why a turn failed; the codes are reasons to hand over as well."""
FAILED_UNTIL_HANDOVER = 2


async def fail_turn(
    tx: Transaction, turn: Message, *, epoch: int, at: datetime, cause: Cause = "bot_unavailable"
) -> Conversation | None:
    """Settle that the bot could not answer `turn`. Does nothing once it is settled.

    After the first failure in a row the customer is told and offered a person.

    Returns:
        The conversation, if the caller is to hand it over for `cause` in the same write because it failed twice in a row.
    """
    conversation = await get_conversation(tx.connection, turn.conversation_id, lock=True)
    if conversation.epoch != epoch or conversation.owner != BOT:
        await drop_turn(tx, turn)
        return None
    try:
        await settle_turn(tx, turn, "failed")
    except StaleEpoch:
        return None
    said = await transcript(tx.connection, conversation.id, notes=False)
    if failed_in_a_row(said, epoch) >= FAILED_UNTIL_HANDOVER:
        return conversation
    notice = {"type": "bot_unavailable", "cause": cause}
    words = NOTICES["bot_unavailable"]
    offer = Saying(SYSTEM_AUTHOR, words, kind="notice", notice=notice, buttons=(TALK_TO_PERSON,))
    await append(tx, conversation, offer, at=at)
    return None


def failed_in_a_row(said: Sequence[Message], epoch: int) -> int:
    """Count the turns of this epoch, from the last settled one backwards, that failed before one was answered."""
    settled = [one.turn for one in said if one.epoch == epoch and one.turn in {"failed", "answered"}]
    return next((count for count, turn in enumerate(reversed(settled)) if turn != "failed"), len(settled))


def cause_of_asking(
    said: Sequence[Message], understood: Mapping[str, Understanding], about_the_chat: Collection[str | None]
) -> Cause | None:
    """Return why somebody asks for a person whose last question the assistant failed at; None if it did not fail.

    Args:
        said: the messages of the present epoch, in order.
        understood: what the assistant made of them, by message id.
        about_the_chat: intents of words that are no question, such as the asking itself.
    """
    for place in range(len(said) - 1, -1, -1):
        one = said[place]
        if one.turn == "answered" and understood.get(one.id, Understanding()).intent not in about_the_chat:
            return None
        if one.turn == "failed":
            notices = (later.notice or {} for later in said[place:])
            cause = next((notice.get("cause") for notice in notices if notice.get("type") == "bot_unavailable"), None)
            return "action_failed" if cause == "action_failed" else "bot_unavailable"
    return None
