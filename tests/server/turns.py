"""Turns for tests: a started service, messages that wait for the bot, and what was said in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from core.clock import FrozenClock
from handoff.speaking import say_as_customer
from handoff.transcript import transcript
from handoff.visitors import new_visitor
from server.app import build_app
from server.service import Service
from tests.server.conftest import make_settings

ANSWER = {"article_id": "a-1", "slug": "s", "title": "T", "heading": "", "url": "/help/s", "html": "<p>p</p>"}
FEEDBACK = [
    {"title": "Yes", "payload": "/article_helped"},
    {"title": "No", "payload": "/article_did_not_help"},
    {"title": "Person", "payload": "/talk_to_person"},
]


async def started(home: Path, url: str, clock: FrozenClock, **settings: Any) -> TestClient[Any, Any]:
    chosen = make_settings(home, url).model_copy(update=settings)
    client: TestClient[Any, Any] = TestClient(TestServer(build_app(chosen, clock)))
    await client.start_server()
    return client


async def conversation_with_turns(service: Service, *texts: str, runner: str | None = None) -> str:
    now = service.clock.now()
    async with service.database.write() as tx:
        visitor, _ = await new_visitor(tx, customer_id=None, page_url=None, page_title=None, at=now)
    for text in texts:
        await say_as_customer(
            service.database,
            visitor.conversation.id,
            client_id=text,
            text=text,
            name="Dana",
            at=now,
            runner=runner,
        )
    return visitor.conversation.id


async def said(service: Service, conversation_id: str) -> list[str]:
    async with service.database.read() as reader:
        return [message.text for message in await transcript(reader, conversation_id, notes=False)]


async def settled(service: Service, conversation_id: str) -> None:
    """Return when no message of the conversation waits for the bot."""
    while True:
        async with service.database.read() as reader:
            if all(message.turn != "pending" for message in await transcript(reader, conversation_id, notes=True)):
                return
