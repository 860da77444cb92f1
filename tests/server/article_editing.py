"""What tests of editing articles over HTTP share: an article to write, and how it is asked for and published."""

from __future__ import annotations

from typing import Any

from tests.server.desks import Client

ALL = "/api/desk/articles"
CARDS: dict[str, Any] = {
    "slug": "cards", "title": "Pay by card", "content": "We take quaggacards.\n", "category": "Billing",
    "audience": "customer", "visibility": "public", "excerpt": "About cards.", "subcategory": "", "tags": ["visa"],
    "related": [], "author": "",
}  # fmt: skip


async def ask(client: Client, method: str, path: str, answers: int = 200, body: Any = None, **query: Any) -> Any:
    response = await client.request(method, path, json=body, params=query)
    assert response.status == answers, await response.text()
    return await response.json()


async def refused(client: Client, method: str, path: str, answers: int, body: Any = None, **query: Any) -> Any:
    return (await ask(client, method, path, answers, body, **query))["error"]


async def published(client: Client, **fields: Any) -> Any:
    made = await ask(client, "POST", ALL, 201, CARDS | fields)
    return await ask(client, "POST", f"{ALL}/{made['article']['id']}/publish", 200, {"based_on": 1, "revision": 0})
