"""Has the bot answer: one conversation's messages in order, different conversations side by side.

A turn is a row (`messages.turn`), not a memory: what a killed process left pending is picked up by `reconcile`.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from core.database import Database, Transaction
from handoff.records import Conversation
from handoff.transcript import get_conversation
from handoff.turns import Turn, claim_turn, conversations_to_run, extend_leases, next_turn
from server.answering import Answering
from server.beginning import OnDisk
from server.hub import Hub

log = structlog.get_logger()
RECONCILE_EVERY = 5.0
MOST_AT_ONCE = 64
"""Turns that one process has in hand at the same time, those that hang included; the others wait in order."""


class TurnRunner:
    """Runs the turns of this process.

    Args:
        database: where turns are.
        answering: what becomes of each.
        hub: whether other processes may leave turns to this one.
        clock: what leases are measured by.
        runner: the name that this process's turns are stored under; the same at its next start.
    """

    def __init__(self, database: Database, answering: Answering, hub: Hub, clock: Clock, *, runner: str) -> None:
        self.runner = runner
        self._database = database
        self._answering = answering
        self._hub = hub
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

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
                await self._answering.run(conversation, turn.message, stored, alone=len(self._running) == 1)
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
