"""A support floor on each database: visitors who write, a bot that answers, and people who take over."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.clock import FrozenClock
from core.database import Database
from core.events import Event, events_after
from customers.accounts import Account, AccountDetails, upsert_customer
from handoff.failing import Cause, fail_turn
from handoff.handing_over import hand_over
from handoff.records import Conversation, Message, Reply, Role, Staff, Understanding
from handoff.sla.clocks import SlaClock, clocks_of
from handoff.speaking import say_as_agent, say_as_bot, say_as_customer
from handoff.tables import conversations, staff
from handoff.taking_over import claim
from handoff.transcript import get_conversation, transcript
from handoff.visitors import new_visitor

MINUTE = timedelta(minutes=1)
ANSWER = {
    "article_id": "download-invoices", "slug": "download-invoices", "title": "Download invoices", "heading": "",
    "url": "/help/download-invoices", "html": "<p>Open Billing.</p>",
}  # fmt: skip


@dataclass
class Floor:
    """What tests do on it. Every step that is given no moment happens at the clock's."""

    database: Database
    clock: FrozenClock
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def hire(self, name: str, role: Role = "agent") -> Staff:
        member = Staff(f"st_{name.lower()}", f"{name.lower()}@fernhill.example", name, role, True)
        async with self.database.write() as tx:
            await tx.execute(
                sa.insert(staff).values(**vars(member), password_hash="never used", created_at=self.clock.now())
            )
        return member

    async def customer(self, external_id: str = "dana", **details: Any) -> Account:
        async with self.database.write() as tx:
            return await upsert_customer(tx, external_id, AccountDetails(**details), at=self.clock.now())

    async def visit(self, account: Account | None = None) -> Conversation:
        async with self.database.write() as tx:
            visitor, _ = await new_visitor(
                tx, customer_id=account and account.id, page_url=None, page_title=None, at=self.clock.now()
            )
            return visitor.conversation

    async def say(self, conversation: Conversation, text: str, client_id: str | None = None) -> Message:
        return await say_as_customer(
            self.database,
            conversation.id,
            client_id=client_id or f"c{next(self.numbers)}",
            text=text,
            name="Dana",
            at=self.clock.now(),
        )

    async def answer(self, turn: Message, *replies: Reply | str, **understanding: Any) -> Conversation:
        said = [reply if isinstance(reply, Reply) else Reply(reply) for reply in replies]
        async with self.database.write() as tx:
            return await say_as_bot(
                tx, turn, said, Understanding(**understanding), epoch=turn.epoch, at=self.clock.now()
            )

    async def fail(self, turn: Message, cause: Cause = "bot_unavailable") -> None:
        """Fail a turn as the service does, with the handoff that it may end in."""
        async with self.database.write() as tx:
            failing = await fail_turn(tx, turn, epoch=turn.epoch, at=self.clock.now(), cause=cause)
            if failing is not None:
                await hand_over(tx, failing, cause, at=self.clock.now())

    async def hand_over(self, conversation: Conversation, reason: str = "asked") -> Conversation:
        async with self.database.write() as tx:
            current = await get_conversation(tx.connection, conversation.id, lock=True)
            return await hand_over(tx, current, reason, at=self.clock.now())

    async def waiting(
        self, text: str = "please help me with this", account: Account | None = None, reason: str = "asked"
    ) -> Conversation:
        conversation = await self.visit(account)
        await self.say(conversation, text)
        return await self.hand_over(conversation, reason)

    async def claimed(self, agent: Staff, text: str = "please help me with this") -> Conversation:
        return await self.current(await self.claim(await self.waiting(text), agent))

    async def claim(self, conversation: Conversation, agent: Staff, *, at: datetime | None = None) -> Conversation:
        """Give it to this agent, as they saw it; returns it as it is then."""
        claimed = await claim(
            self.database, conversation.id, agent, epoch=conversation.epoch, at=at or self.clock.now()
        )
        return claimed.conversation

    async def reply(
        self, conversation: Conversation, agent: Staff, text: str, *, epoch: int | None = None, client_id: str = ""
    ) -> Message:
        return await say_as_agent(
            self.database,
            conversation.id,
            agent,
            epoch=conversation.epoch if epoch is None else epoch,
            client_id=client_id or f"a{next(self.numbers)}",
            text=text,
            at=self.clock.now(),
        )

    async def current(self, conversation: Conversation) -> Conversation:
        async with self.database.read() as reader:
            return await get_conversation(reader, conversation.id)

    async def said(self, conversation: Conversation, *, notes: bool = True) -> list[Message]:
        async with self.database.read() as reader:
            return await transcript(reader, conversation.id, notes=notes)

    async def events(self, conversation: Conversation, *audiences: Any) -> list[Event]:
        async with self.database.read() as reader:
            return await events_after(reader, conversation.id, 0, audiences=audiences or ["customer", "staff", "both"])

    async def clocks(self, ticket_id: str | None) -> dict[str, SlaClock]:
        assert ticket_id is not None
        async with self.database.read() as reader:
            return {f"{clock.metric}.{clock.stretch}": clock for clock in await clocks_of(reader, ticket_id)}

    async def rows(self, table: sa.Table) -> list[Any]:
        async with self.database.read() as reader:
            return list((await reader.execute(sa.select(table))).mappings())

    async def close(self, conversation: Conversation) -> Conversation:
        async with self.database.write() as tx:
            await tx.execute(
                sa.update(conversations)
                .where(conversations.c.id == conversation.id)
                .values(owner="closed", epoch=conversations.c.epoch + 1)
            )
        return await self.current(conversation)

    def later(self, by: timedelta) -> datetime:
        self.clock.set(self.clock.now() + by)
        return self.clock.now()

    async def somebody_waits(self) -> None:
        """Return when a task waits for a lock that another transaction holds."""
        if self.database.dialect == "sqlite":
            while not self.database._writes._waiting:  # type: ignore[union-attr]
                await asyncio.sleep(0)
            return
        query = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        async with self.database.read() as reader:
            while not (await reader.execute(query)).scalar_one():
                await asyncio.sleep(0)


@pytest.fixture
def floor(database: Database, clock: FrozenClock) -> Floor:
    return Floor(database, clock)


@pytest.fixture
async def maya(floor: Floor) -> Staff:
    return await floor.hire("Maya")


@pytest.fixture
async def jonas(floor: Floor) -> Staff:
    return await floor.hire("Jonas")


@pytest.fixture
async def amara(floor: Floor) -> Staff:
    return await floor.hire("Amara", "lead")
