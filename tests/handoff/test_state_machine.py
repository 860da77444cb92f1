"""Who may speak, proved on random lives of a conversation: customers, a slow bot, agents, crashes, restarts and everything twice.

The model keeps what must be true; after every step the database is compared with it. Never two speakers, never a bot's words after a
claim, never a message lost or repeated, and the order kept.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.database import Database
from core.errors import Conflict, StaleEpoch
from core.events import conversation_events
from handoff.failing import FAILED_UNTIL_HANDOVER, fail_turn
from handoff.handing_over import hand_over
from handoff.records import Message, Reply, Staff, Understanding
from handoff.speaking import say_as_agent, say_as_bot, say_as_customer
from handoff.tables import messages, packages, staff
from handoff.taking_over import claim, give_back, release, resolve
from handoff.transcript import get_conversation
from handoff.visitors import new_visitor
from handoff.withdrawing import withdraw
from tests.conftest import Tables
from tickets.tables import tickets

T = TypeVar("T")
AGENTS = (
    Staff("st_maya", "maya@fernhill.example", "Maya", "agent", True),
    Staff("st_jonas", "jonas@fernhill.example", "Jonas", "agent", True),
)
who = st.sampled_from(["owner", "owner", "owner", "other"])
"""Whether the agent who acts is the one who has the conversation: else most steps of a life would be refusals."""
behind = st.sampled_from([0, 0, 0, 1, 2])
"""How many epochs the one who acts is behind."""


class Crash(Exception):
    """The process died before its commit."""


@dataclass(frozen=True)
class Said:
    """A message that must be there."""

    author: str
    text: str


class Life(RuleBasedStateMachine):
    """One conversation. `opened` gives its database."""

    opened: Callable[[], Awaitable[Database]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.numbers = itertools.count(1)
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.owner, self.epoch = "bot", 1
        self.owners = {1: "bot"}
        self.said: list[Said] = []
        self.pending: list[str] = []
        self.failures = 0
        self.handoffs = 0
        self.turns: dict[str, Message] = {}
        self.last: Message | None = None
        """What the customer said last, unless a person has answered it."""
        self.settled: set[str] = set()
        """Turns that the bot answered or failed at."""
        self.composed: list[tuple[Message, int]] = []
        """Turns that a bot process has begun to answer, with the epoch that it saw."""
        self.sent: list[tuple[Callable[[], Coroutine[Any, Any, Message]], str]] = []
        """Frames that were acknowledged: how to send each again, and what it became."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        self.now += timedelta(seconds=1)
        return self.runner.run(work)

    @initialize(stage=st.integers(0, 3))
    def begin(self, stage: int) -> None:
        """Begin with the bot, in the queue, with an agent, or with an agent who has had it before."""
        self.database = self.run(type(self).opened())  # type: ignore[arg-type]
        self.conversation = self.run(self._visit())
        if stage:
            self.customer_writes()
            self._handing_over("asked", crash=False)
        if stage > 1:
            self.an_agent_claims("owner", 0)
        if stage > 2:
            self.an_agent_lets_go("owner", 0, release)
            self.an_agent_claims("owner", 0)

    async def _visit(self) -> str:
        async with self.database.write() as tx:
            for agent in AGENTS:
                await tx.execute(
                    sa.insert(staff).values(**vars(agent), password_hash="never used", created_at=self.now)
                )
            visitor, _ = await new_visitor(tx, customer_id=None, page_url=None, page_title=None, at=self.now)
            return visitor.conversation.id

    def changed(self, owner: str) -> None:
        self.owner = owner
        self.epoch += 1
        self.owners[self.epoch] = owner
        if owner != "bot":
            self.pending.clear()
            self.failures = 0

    # The customer.

    @rule()
    def customer_writes(self) -> None:
        number = next(self.numbers)
        at = self.now

        def send() -> Coroutine[Any, Any, Message]:
            return say_as_customer(
                self.database, self.conversation, client_id=f"c{number}", text=f"question {number}", name="Dana", at=at
            )

        message = self.run(send())
        self.said.append(Said("customer", message.text))
        self.last = message
        self.sent.append((send, message.id))
        if self.owner == "bot":
            self.pending.append(message.id)
            self.turns[message.id] = message

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_frame_is_sent_again(self, data: st.DataObject) -> None:
        send, message_id = data.draw(st.sampled_from(self.sent))
        assert self.run(send()).id == message_id

    @precondition(lambda self: self.owner == "bot")
    @rule(crash=st.booleans())
    def customer_asks_for_a_person(self, crash: bool) -> None:
        self._handing_over("asked", crash)

    def _handing_over(self, reason: str, crash: bool) -> None:
        async def work() -> None:
            async with self.database.write() as tx:
                conversation = await get_conversation(tx.connection, self.conversation, lock=True)
                await hand_over(tx, conversation, reason, at=self.now)
                if crash:
                    raise Crash

        if crash:
            with pytest.raises(Crash):
                self.run(work())
        else:
            self.run(work())
            self.handoffs += 1
            self.changed("queue")

    @precondition(lambda self: self.owner != "bot")
    @rule()
    def customer_will_not_wait(self) -> None:
        number = next(self.numbers)
        work = withdraw(self.database, self.conversation, client_id=f"w{number}", at=self.now)
        if self.owner == "queue":
            asked = self.run(work)
            self.changed("bot")
            assert asked is (self.last is not None and self.last.id not in self.settled)
            if asked and self.last is not None:
                self.turns[self.last.id] = replace(self.last, epoch=self.epoch)
                self.pending.append(self.last.id)
        else:
            with pytest.raises(Conflict):
                self.run(work)

    # The bot, in processes that may be slow, dead, or answer twice.

    @precondition(lambda self: self.pending)
    @rule()
    def a_bot_begins_to_answer(self) -> None:
        self.composed.append((self.turns[self.pending[0]], self.epoch))

    @precondition(lambda self: self.composed)
    @rule(data=st.data(), hands_over=st.booleans(), crash=st.booleans())
    def a_bot_has_its_answer(self, data: st.DataObject, hands_over: bool, crash: bool) -> None:
        turn, epoch = data.draw(st.sampled_from(self.composed))

        async def work() -> None:
            async with self.database.write() as tx:
                current = await say_as_bot(
                    tx, turn, [Reply(f"answer to {turn.text}")], Understanding(), epoch=epoch, at=self.now
                )
                if hands_over:
                    await hand_over(tx, current, "frustration", at=self.now)
                if crash:
                    raise Crash

        if epoch != self.epoch or self.owner != "bot" or turn.id not in self.pending:
            with pytest.raises(StaleEpoch):
                self.run(work())
        elif crash:
            with pytest.raises(Crash):
                self.run(work())
        else:
            self.run(work())
            self.pending.remove(turn.id)
            self.settled.add(turn.id)
            self.failures = 0
            self.said.append(Said("bot", f"answer to {turn.text}"))
            if hands_over:
                self.handoffs += 1
                self.changed("queue")

    @precondition(lambda self: self.composed)
    @rule(data=st.data())
    def a_bot_has_failed(self, data: st.DataObject) -> None:
        turn, epoch = data.draw(st.sampled_from(self.composed))
        counts = epoch == self.epoch and self.owner == "bot" and turn.id in self.pending

        async def work() -> bool:
            async with self.database.write() as tx:
                failing = await fail_turn(tx, turn, epoch=epoch, at=self.now)
                if failing is not None:
                    await hand_over(tx, failing, "bot_unavailable", at=self.now)
                return failing is not None

        handed_over = self.run(work())
        if counts:
            self.pending.remove(turn.id)
            self.settled.add(turn.id)
        if handed_over:
            assert counts
            self.handoffs += 1
            self.changed("queue")

    # People.

    def acts(self, acting: str) -> Staff:
        has_it = next((agent for agent in AGENTS if self.owner == f"agent:{agent.id}"), AGENTS[0])
        return has_it if acting == "owner" else next(agent for agent in AGENTS if agent is not has_it)

    @rule(acting=who, late=behind)
    def an_agent_claims(self, acting: str, late: int) -> None:
        agent = self.acts(acting)
        work = claim(self.database, self.conversation, agent, epoch=self.epoch - late, at=self.now)
        mine = self.owner == f"agent:{agent.id}"
        if mine:
            self.run(work)  # claiming one's own again changes nothing
        elif self.owner == "queue" and late == 0:
            self.run(work)
            self.changed(f"agent:{agent.id}")
        else:
            with pytest.raises((StaleEpoch, Conflict)):
                self.run(work)

    @rule(acting=who, late=behind)
    def an_agent_replies(self, acting: str, late: int) -> None:
        number, epoch, at = next(self.numbers), self.epoch - late, self.now
        agent = self.acts(acting)

        def send() -> Coroutine[Any, Any, Message]:
            return say_as_agent(
                self.database,
                self.conversation,
                agent,
                epoch=epoch,
                client_id=f"a{number}",
                text=f"reply {number}",
                at=at,
            )

        if self.owner == f"agent:{agent.id}" and late == 0:
            message = self.run(send())
            self.said.append(Said("agent", message.text))
            self.last = None
            self.sent.append((send, message.id))
        else:
            with pytest.raises(StaleEpoch):
                self.run(send())

    @rule(acting=who, late=behind, how=st.sampled_from([resolve, give_back, release]))
    def an_agent_lets_go(self, acting: str, late: int, how: Any) -> None:
        agent = self.acts(acting)
        work = how(self.database, self.conversation, agent, epoch=self.epoch - late, at=self.now)
        if self.owner == f"agent:{agent.id}" and late == 0:
            self.run(work)
            self.changed("queue" if how is release else "bot")
        else:
            with pytest.raises(StaleEpoch):
                self.run(work)

    @rule()
    def everything_restarts(self) -> None:
        async def again() -> Database:
            url = self.database.engine.url.render_as_string(hide_password=False)
            await self.database.close()
            return Database.open(url)

        self.database = self.run(again())

    # What must be true after every step.

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        if hasattr(self, "conversation"):
            self.runner.run(self._compare())

    async def _compare(self) -> None:
        async with self.database.read() as reader:
            conversation = await get_conversation(reader, self.conversation)
            rows = (await reader.execute(sa.select(messages).order_by(messages.c.seq))).all()
            numbers = (
                await reader.execute(sa.select(conversation_events.c.number).order_by(conversation_events.c.number))
            ).scalars()
            opened = (await reader.execute(sa.select(tickets.c.id))).scalars().all()
            packed = (await reader.execute(sa.select(packages.c.ticket_id))).scalars().all()
            assert list(numbers) == list(range(1, await _last(reader, self.conversation) + 1))
        assert (conversation.owner, conversation.epoch) == (self.owner, self.epoch)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert [Said(row.author_kind, row.text) for row in rows if row.author_kind != "system"] == self.said
        for row in rows:
            speaker = self.owners[row.epoch]
            assert row.author_kind != "bot" or speaker == "bot"
            assert row.author_kind != "agent" or speaker == f"agent:{row.author_id}"
        assert [row.id for row in rows if row.turn == "pending"] == self.pending
        assert sorted(opened) == sorted(packed)
        assert len(opened) == self.handoffs

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.runner.run(self.database.close())
        self.runner.close()


async def _last(reader: Any, conversation_id: str) -> int:
    found = await reader.execute(
        sa.select(sa.func.count())
        .select_from(conversation_events)
        .where(conversation_events.c.conversation_id == conversation_id)
    )
    return int(found.scalar_one())


@pytest.mark.parametrize(("backend", "lives"), [("sqlite", 120), ("postgresql", 30)])
def test_never_two_speakers_never_a_stale_word_never_a_message_lost_or_repeated(
    backend: str, lives: int, tmp_path: Path, tables: Tables, request: pytest.FixtureRequest
) -> None:
    assert FAILED_UNTIL_HANDOVER == 2
    files = itertools.count()

    async def opened() -> Database:
        if backend == "sqlite":
            return await tables.sqlite(tmp_path / f"{next(files)}.db")
        return await tables.postgresql(request.getfixturevalue("emptied_postgresql_url"))

    class Here(Life):
        pass

    Here.opened = staticmethod(opened)
    if backend == "postgresql":
        request.getfixturevalue("emptied_postgresql_url")
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=lives,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
