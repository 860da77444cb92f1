"""Tickets that a host's own server sends in: once each, triaged, in the queue with their clocks."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from core.clock import FrozenClock
from handoff.sla.clocks import sla_clocks
from handoff.tables import conversations, messages
from tests.server.conftest import Running, ScriptedRasa, serving
from tickets.tables import tickets

TOKEN = "t" * 32
OURS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def api(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, first_home: Path
) -> AsyncIterator[Running]:
    shutil.copytree(first_home, tmp_path / "home")
    async with serving(rasa, tmp_path, clock, api_token=SecretStr(TOKEN)) as started:
        yield started


async def post(running: Running, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    response = await running.client.post("/api/tickets", json=body, headers=OURS if headers is None else headers)
    return response.status, await response.json()


async def count(running: Running, table: sa.Table) -> int:
    async with running.service.database.read() as reader:
        return (await reader.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


async def test_a_ticket_is_triaged_queued_and_its_clocks_run(api: Running) -> None:
    body = {
        "reference": "r-1", "subject": "Leaving", "text": "I was charged twice and I want to cancel", "email": "dana@acme.example",
        "customer": {"id": "dana", "plan": "Enterprise", "mrr": 6000},
    }  # fmt: skip
    status, answer = await post(api, body)
    ticket = answer["ticket"]
    assert (status, answer["created"], answer["reply"]) == (201, True, None)
    assert (ticket["category"], ticket["priority"], ticket["team"]) == ("cancellation", "urgent", "success")
    assert ticket["tags"] == ["churn-risk", "billing", "enterprise"]
    assert ticket["subject"] == "Leaving"
    assert any("6,000 a month" in reason for reason in ticket["reasons"])
    assert not any("handed over" in reason for reason in ticket["reasons"])
    async with api.service.database.read() as reader:
        (conversation,) = await reader.execute(sa.select(conversations))
        (kept,) = await reader.execute(sa.select(tickets))
        clocks = {row.metric for row in await reader.execute(sa.select(sla_clocks))}
    assert (conversation.owner, conversation.channel, conversation.reason) == ("queue", "api", "ticket")
    assert (kept.source, kept.requester_email) == ("api", "dana@acme.example")
    assert clocks == {"first_response", "resolution"}
    desk = await api.staff()
    detail = await (await desk.get(f"/api/desk/conversations/{answer['conversation_id']}")).json()
    assert (detail["ticket"]["number"], detail["package"]["reason"]["code"]) == (ticket["number"], "ticket")


async def test_the_same_reference_is_the_same_ticket_also_at_the_same_moment(api: Running) -> None:
    body = {"reference": "twice", "text": "where is my invoice"}
    answers = await asyncio.gather(*(post(api, body) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
    assert len({answer["ticket"]["number"] for _, answer in answers}) == 1
    assert (await post(api, body))[0] == 200
    assert (await count(api, tickets), await count(api, messages)) == (1, 2)


async def test_a_subject_alone_is_a_ticket_and_an_unknown_plan_is_no_trouble(api: Running) -> None:
    status, answer = await post(
        api, {"reference": "s", "subject": "Refund", "customer": {"id": "x", "plan": "Galactic"}}
    )
    assert (status, answer["ticket"]["category"]) == (201, "billing")
    status, answer = await post(api, {"reference": "odd", "text": "…"})
    assert (status, answer["ticket"]["category"]) == (201, "other")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reference": "e"}, "text"),
        ({"reference": "e", "text": " \u200b \n"}, "text"),
        ({"reference": "", "text": "x"}, "reference"),
        ({"reference": "ü", "text": "x"}, "reference"),
        ({"reference": "r" * 61, "text": "x"}, "reference"),
        ({"reference": "r", "text": "x", "email": "nobody"}, "email"),
        ({"reference": "r", "text": "x" * 8001}, "text"),
        ({"reference": "r", "text": "x", "customer": {"id": "c", "mrr": -1}}, "customer.mrr"),
        ({"reference": "r", "text": "x", "subjekt": "y"}, "subjekt"),
        ({"text": "x"}, "reference"),
        ([], None),
    ],
)
async def test_what_cannot_be_a_ticket_is_refused_by_field_and_leaves_nothing(
    api: Running, body: Any, field: str | None
) -> None:
    status, answer = await post(api, body)
    assert 400 <= status < 500
    assert answer["error"]["field"] == field
    assert (await count(api, tickets), await count(api, conversations)) == (0, 0)


async def test_only_who_has_the_token_may_file(api: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": TOKEN}, {"Authorization": "Bearer ü"}):
        assert (await post(api, {"reference": "r", "text": "x"}, headers))[0] == 401
    assert await count(api, tickets) == 0


async def test_without_a_token_of_its_own_the_api_is_off(running: Running) -> None:
    status, answer = await post(running, {"reference": "r", "text": "x"}, {"Authorization": "Bearer "})
    assert status == 403
    assert "BATON_API_TOKEN" in answer["error"]["message"]
