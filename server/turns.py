"""Has the bot answer: one conversation's messages in order, different conversations side by side.

A turn is a row (`messages.turn`), not a memory: what a killed process left pending is picked up by `reconcile`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from core.database import Database, Transaction
from core.errors import BatonError, StaleEpoch, Unavailable
from handoff.failing import Cause, fail_turn
from handoff.gathering import account_of
from handoff.records import BOT, Conversation, Message, Understanding
from handoff.reopening import reopen, ticket_to_reopen
from handoff.requests import TicketRequest
from handoff.speaking import drop_turn, say_as_bot
from handoff.transcript import BOT_AUTHOR, get_conversation
from handoff.triggers import Seen, Trigger, candidates, choose
from handoff.turns import Turn, claim_turn, conversations_to_run, extend_leases, next_turn
from knowledge.searches import log_search
from server import metrics
from server.beginning import NotWrittenError, OnDisk, on_disk
from server.bot import ActionFailed, Bot, BotTurn, TextVector
from server.hub import Hub
from server.places import Places
from server.spoken import read_turn

log = structlog.get_logger()
RECONCILE_EVERY = 5.0
TYPING_AFTER = 0.2
"""Seconds until a turn that lasts is shown as typing; most are answered before, and dots that flash up say nothing."""
MOST_AT_ONCE = 64
"""Turns that one process has in hand at the same time, those that hang included; the others wait in order."""
WORKED_ON = 8
"""Turns for each Rasa server that are worked on at the same time: enough to keep it busy, and few beside what else the loop does."""
HELD_UP = 1.0
"""Seconds after which a turn counts as held up, by a server that hangs, and does not keep others waiting."""
PLACE_PATIENCE = 2.0
"""Seconds that a turn waits for its place at most."""

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


class TurnRunner:
    """Runs the turns of this process.

    Args:
        database: where turns are.
        bot: who answers them.
        hub: who is told that the bot is at it.
        clock: what leases are measured by.
        hand_over: what a turn's directive calls, in the same transaction as its words.
        open_request: the same for the directive that opens a ticket.
        foresee: begins what a question's answer is likely to need, while the bot is at it.
        encode: makes vectors for a bot that would otherwise make the same once more.
        patience: seconds that a turn waits for a bot that starts.
        reopen_within: how long after resolving a message on the same topic goes back to people.
        triggers: rules that hand over though neither customer nor assistant asks for it.
        runner: the name that this process's turns are stored under; the same at its next start.
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
        runner: str,
        reopen_within: timedelta = timedelta(),
        triggers: Sequence[Trigger] = (),
    ) -> None:
        self.runner = runner
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
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._places = Places(WORKED_ON * len(bot.urls), held=HELD_UP, patience=PLACE_PATIENCE)

    def wake(self, conversation_id: str) -> None:
        """See to it that every pending turn of this conversation is answered; returns at once."""
        if conversation_id in self._running:
            self._again.add(conversation_id)
            return
        self._start(conversation_id, None, None)

    def _start(self, conversation_id: str, first: tuple[Conversation, Turn] | None, stored: OnDisk | None) -> None:
        task = asyncio.create_task(self._drain(conversation_id, first, stored), name=f"turns {conversation_id}")
        self._running[conversation_id] = task
        task.add_done_callback(lambda done: self._finished(conversation_id, done))

    async def begin(self, tx: Transaction, conversation: Conversation, stored: OnDisk) -> bool:
        """Begin to have a message answered that `tx` has stored and not committed yet, so that the bot thinks while the disk writes.

        Nothing is said before `stored` comes true, and nothing at all if it does not.
        Whoever reads before that sees the conversation as it was before the message, so its owner and epoch must be older than `tx`.

        Returns:
            Whether it has begun. If not, `wake` the conversation after the commit: another turn comes first, here or elsewhere.
        """
        turn = await next_turn(tx.connection, conversation.id)
        if turn is None or turn.more or conversation.id in self._running:
            return False
        if not turn.held_by(self.runner, self._clock.now()):
            return False
        self._start(conversation.id, (conversation, turn), stored)
        return True

    async def idle(self) -> None:
        """Return when this process has no turn in hand."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def reconcile(self) -> None:
        """Pick up what this process left at its last end, and turns whose lease has ended, and hold on to the running ones."""
        while True:
            try:
                await self.reconcile_once()
            except (SQLAlchemyError, OSError):
                log.exception("pending turns were not looked for")
            await asyncio.sleep(RECONCILE_EVERY)

    async def reconcile_once(self) -> None:
        """Extend the leases of the running turns, and wake the other conversations that this process may answer."""
        if self._running:
            async with self._database.write() as tx:
                await extend_leases(tx, self.runner, self._clock.now())
        async with self._database.read() as reader:
            found = await conversations_to_run(reader, self.runner, self._clock.now())
        for conversation_id in found:
            if conversation_id not in self._running:
                self.wake(conversation_id)

    async def stop(self) -> None:
        """Abandon the running turns; they stay pending, for whichever process comes first."""
        tasks = list(self._running.values())
        self._again.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks:
            with contextlib.suppress(SQLAlchemyError, OSError):
                async with self._database.write() as tx:
                    await extend_leases(tx, self.runner, self._clock.now(), by=timedelta())

    def _finished(self, conversation_id: str, task: asyncio.Task[None]) -> None:
        self._running.pop(conversation_id, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("turn broke", conversation=conversation_id, exc_info=task.exception())
        if conversation_id in self._again:
            self._again.discard(conversation_id)
            self.wake(conversation_id)

    async def _drain(
        self, conversation_id: str, first: tuple[Conversation, Turn] | None, stored: OnDisk | None
    ) -> None:
        async with self._slots:
            more = True
            while more:
                taken = first or await self._next(conversation_id)
                first = None
                if taken is None:
                    return
                conversation, turn = taken
                if not turn.held_by(self.runner, self._clock.now()) and not await self._claimed(turn):
                    return
                await self._run(conversation, turn.message, stored)
                stored = None
                # A turn that another process accepted meanwhile went to this one, which nobody told.
                more = turn.more or not self._hub.alone

    async def _next(self, conversation_id: str) -> tuple[Conversation, Turn] | None:
        async with self._database.glance() as reader:
            turn = await next_turn(reader, conversation_id)
            return None if turn is None else (await get_conversation(reader, conversation_id), turn)

    async def _claimed(self, turn: Turn) -> bool:
        async with self._database.write() as tx:
            return await claim_turn(tx, turn.message.id, self.runner, self._clock.now())

    async def _run(self, conversation: Conversation, turn: Message, stored: OnDisk | None) -> None:
        if conversation.owner != BOT:
            async with self._database.write() as tx:
                await drop_turn(tx, turn.id)
            return
        began = time.perf_counter()
        outcome = "answered"
        typing = asyncio.get_running_loop().call_later(TYPING_AFTER, self._show_typing, conversation.id, True)
        try:
            await self._answer(conversation, turn, stored)
        except NotWrittenError:
            # Of a write that nobody waited for to its end the message may be there all the same: then `reconcile` finds it pending.
            outcome = "dropped"
        except StaleEpoch:
            outcome = "dropped"
            async with self._database.write() as tx:
                await drop_turn(tx, turn.id)
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

    async def _answer(self, conversation: Conversation, turn: Message, stored: OnDisk | None) -> None:
        try:
            await self._until_ready()
            async with self._places.one():
                answered = await self._ask(conversation, turn)
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

    async def _ask(self, conversation: Conversation, turn: Message) -> BotTurn:
        text = _COMMAND.sub("", turn.text) or "?"
        vector = await self._encode(text) if turn.payload is None else None
        # Rasa works in a process of its own. While this one has nothing else to do, it may as well search for what may be asked.
        alone = turn.payload is None and len(self._running) == 1
        with self._foresee(conversation, text) if alone else contextlib.nullcontext():
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
            replies = spoken.replies if ticket is None else []
            current = await say_as_bot(tx, turn, replies, understanding, epoch=conversation.epoch, at=at)
            if ticket is not None:
                await reopen(tx, current, ticket, at=at)
                return
            for entry in spoken.searches:
                await log_search(tx, entry)
            if spoken.request is not None:
                await self._open_request(tx, current, spoken.request)
            if spoken.hand_over is not None:
                await self._hand_over(tx, current, spoken.hand_over, None)
            elif rule := await self._rule(tx, current, Seen(understanding, spoken.found_nothing)):
                await self._hand_over(tx, current, rule.reason, rule.rule)

    async def _rule(self, tx: Transaction, conversation: Conversation, seen: Seen) -> Trigger | None:
        fitting = candidates(self._triggers, seen)
        return choose(fitting, await account_of(tx.connection, conversation)) if fitting else None

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
