"""Has the bot answer one message, and stores what comes of it: an answer, a handoff, or a failure that the customer is told of."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from core.clock import Clock
from core.database import Database, Transaction
from core.errors import BatonError, StaleEpoch, Unavailable
from handoff.contact import keep_address
from handoff.failing import Cause, fail_turn
from handoff.gathering import account_of
from handoff.records import BOT, Conversation, Message, Reply, Understanding
from handoff.reopening import reopen, ticket_to_reopen
from handoff.requests import TicketRequest
from handoff.speaking import say_as_bot
from handoff.transcript import BOT_AUTHOR, get_conversation
from handoff.triggers import Seen, Trigger, candidates, choose
from handoff.turns import drop_turn
from handoff.withdrawing import asked_before_leaving
from handoff.wording import FOR_A_PERSON as WORDS_FOR_A_PERSON
from handoff.wording import TALK_TO_PERSON
from knowledge.searches import log_search
from server import metrics
from server.beginning import NotWrittenError, OnDisk, on_disk
from server.bot import ActionFailed, Bot, BotTurn, TextVector
from server.hub import Hub
from server.places import Places
from server.spoken import Spoken, read_turn

log = structlog.get_logger()
TYPING_AFTER = 0.2
"""Seconds until a turn that lasts is shown as typing; most are answered before, and dots that flash up say nothing."""
WORKED_ON = 8
"""Turns for each Rasa server that are worked on at the same time: enough to keep it busy, and few beside what else the loop does."""
HELD_UP = 1.0
"""Seconds after which a turn counts as held up, by a server that hangs, and does not keep others waiting."""
PLACE_PATIENCE = 2.0
"""Seconds that a turn waits for its place at most."""

FOR_A_PERSON = Reply(WORDS_FOR_A_PERSON, buttons=(TALK_TO_PERSON,))
"""Said in place of a handoff to who has just left the queue: what they wrote there must not put them back into it."""

_COMMAND = re.compile(r"\A[\s/]+")
"""What a text must not begin with, since Rasa would take it for a button's payload."""

HandOver = Callable[[Transaction, Conversation, str, str | None], Awaitable[None]]
"""Hands a conversation over inside a write: conversation, reason code, and the rule that says so if one does."""
OpenRequest = Callable[[Transaction, Conversation, TicketRequest], Awaitable[None]]
"""Opens a ticket beside a conversation that stays with the bot, inside a write."""

Encode = Callable[[str], Awaitable[TextVector | None]]
"""Makes the vector of what a customer wrote, where the bot can use one."""

Foresee = Callable[[Conversation, str], contextlib.AbstractContextManager[None]]
"""Takes a conversation and what its customer wrote; what it has begun ends with its block."""


def _foresee_nothing(_conversation: Conversation, _text: str) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


async def _encode_nothing(_text: str) -> None:
    return None


class Answering:
    """Answers messages with the bot.

    Args:
        database: where turns are.
        bot: who answers them.
        hub: who is told that the bot is at it.
        clock: what says when something was said.
        hand_over: what a turn's directive calls, in the same transaction as its words.
        open_request: the same for the directive that opens a ticket.
        foresee: begins what a question's answer is likely to need, while the bot is at it.
        encode: makes vectors for a bot that would otherwise make the same once more.
        patience: seconds that a turn waits for a bot that starts.
        reopen_within: how long after resolving a message on the same topic goes back to people.
        triggers: rules that hand over though neither customer nor assistant asks for it.
    """

    def __init__(
        self,
        database: Database,
        bot: Bot,
        hub: Hub,
        clock: Clock,
        hand_over: HandOver,
        open_request: OpenRequest,
        *,
        foresee: Foresee = _foresee_nothing,
        encode: Encode = _encode_nothing,
        patience: float,
        reopen_within: timedelta = timedelta(),
        triggers: Sequence[Trigger] = (),
    ) -> None:
        self._database = database
        self._bot = bot
        self._hub = hub
        self._clock = clock
        self._hand_over = hand_over
        self._open_request = open_request
        self._foresee = foresee
        self._encode = encode
        self._patience = patience
        self._reopen_within = reopen_within
        self._triggers = triggers
        self._places = Places(WORKED_ON * len(bot.urls), held=HELD_UP, patience=PLACE_PATIENCE)

    async def run(self, conversation: Conversation, turn: Message, stored: OnDisk | None, *, alone: bool) -> None:
        """See a message answered, or what else becomes of it.

        Args:
            conversation: as it is while the turn runs, or was before.
            turn: the message.
            stored: whether it is on disk, of one that is being written.
            alone: whether it is the only one in hand.
        """
        if conversation.owner != BOT:
            async with self._database.write() as tx:
                await drop_turn(tx, turn)
            return
        began = time.perf_counter()
        outcome = "answered"
        typing = asyncio.get_running_loop().call_later(TYPING_AFTER, self._show_typing, conversation.id, True)
        try:
            await self._answer(conversation, turn, stored, alone)
        except NotWrittenError:
            # Of a write that nobody waited for to its end the message may be there all the same: then `reconcile` finds it pending.
            outcome = "dropped"
        except StaleEpoch:
            outcome = "dropped"
            async with self._database.write() as tx:
                await drop_turn(tx, turn)
        except BatonError as error:
            outcome = "failed"
            log.warning("turn failed", conversation=conversation.id, error=error.message)
            await self._fail(
                turn, conversation, "action_failed" if isinstance(error, ActionFailed) else "bot_unavailable"
            )
        except Exception:
            outcome = "failed"
            log.exception("turn broke", conversation=conversation.id)
            await self._fail(turn, conversation, "bot_unavailable")
        finally:
            typing.cancel()
            if time.perf_counter() - began >= TYPING_AFTER:
                self._show_typing(conversation.id, False)
            metrics.TURNS.labels(outcome).inc()
            metrics.TURN_SECONDS.observe(time.perf_counter() - began)

    async def _answer(self, conversation: Conversation, turn: Message, stored: OnDisk | None, alone: bool) -> None:
        try:
            await self._until_ready()
            async with self._places.one():
                answered = await self._ask(conversation, turn, alone)
                await on_disk(stored)
                await self._say(conversation, turn, answered)
        except Exception:
            await on_disk(stored)
            raise

    async def _until_ready(self) -> None:
        if self._bot.state == "starting" and not await self._bot.until_ready(self._patience):
            raise Unavailable("The bot did not become ready in time.")
        if self._bot.state == "down":
            raise Unavailable("The bot is down.")

    async def _ask(self, conversation: Conversation, turn: Message, alone: bool) -> BotTurn:
        text = _COMMAND.sub("", turn.text) or "?"
        vector = await self._encode(text) if turn.payload is None else None
        # Rasa works in a process of its own. While this one has nothing else to do, it may as well search for what may be asked.
        idle = alone and turn.payload is None
        with self._foresee(conversation, text) if idle else contextlib.nullcontext():
            return await self._bot.ask(
                conversation.rasa_id, conversation.id, text=text, payload=turn.payload, vector=vector
            )

    async def _say(self, conversation: Conversation, turn: Message, answered: BotTurn) -> None:
        spoken = read_turn(answered)
        understanding = Understanding(**answered.understanding.model_dump())
        # A message and its answer may fall into the same millisecond; the answer is still the later one.
        at = max(self._clock.now(), turn.at + timedelta(milliseconds=1))
        async with self._database.write() as tx:
            ticket = await ticket_to_reopen(
                tx.connection,
                conversation,
                turn,
                understanding,
                answered=any(reply.answer is not None for reply in spoken.replies),
                within=self._reopen_within,
                at=at,
            )
            handoff = None if ticket is not None else await self._handoff(tx, conversation, spoken, understanding)
            if handoff is not None and await asked_before_leaving(tx.connection, turn):
                spoken, handoff = replace(spoken, replies=[FOR_A_PERSON]), None
            replies = spoken.replies if ticket is None else []
            current = await say_as_bot(tx, turn, replies, understanding, epoch=conversation.epoch, at=at)
            if ticket is not None:
                await reopen(tx, current, ticket, at=at)
                return
            for entry in spoken.searches:
                await log_search(tx, entry)
            if spoken.contact is not None:
                current = await keep_address(tx, current, spoken.contact, at=at, said=True)
            if spoken.request is not None:
                await self._open_request(tx, current, spoken.request)
            if handoff is not None:
                await self._hand_over(tx, current, *handoff)

    async def _handoff(
        self, tx: Transaction, conversation: Conversation, spoken: Spoken, understanding: Understanding
    ) -> tuple[str, str | None] | None:
        """Return the reason of the handoff that a turn ends in, and the rule that says so if one does; None where the bot goes on."""
        if spoken.hand_over is not None:
            return spoken.hand_over, None
        fitting = candidates(self._triggers, Seen(understanding, spoken.found_nothing))
        if not fitting:
            return None
        rule = choose(fitting, await account_of(tx.connection, await get_conversation(tx.connection, conversation.id)))
        return None if rule is None else (rule.reason, rule.rule)

    async def _fail(self, turn: Message, conversation: Conversation, cause: Cause) -> None:
        now = self._clock.now()
        async with self._database.write() as tx:
            failing = await fail_turn(tx, turn, epoch=conversation.epoch, at=now, cause=cause)
            if failing is not None:
                await self._hand_over(tx, failing, cause, None)

    def _show_typing(self, conversation_id: str, on: bool) -> None:
        author = {"kind": BOT_AUTHOR.kind, "name": BOT_AUTHOR.name}
        frame = {"type": "live", "event": "typing", "data": {"author": author, "on": on}}
        self._hub.send(conversation_id, frame, fleeting=True)
