"""The host site's word for who a customer is: believed while it is signed, fresh and whole, and never for another's chat."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
import structlog

from core.errors import Unauthenticated
from customers.tables import customers
from server.identity import LONGEST_LIFE, read_identity, sign_identity
from tests.server.conftest import NOW, Running

SECRET = "a secret of the host site, 48 bytes or more for HS384"
WHOLE = {
    "sub": "acme-7", "name": " Dana ", "email": "dana@acme.example", "company": "Acme", "plan": "business",
    "mrr": 6200.5, "currency": "EUR", "seats": 12,
}  # fmt: skip


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode({"exp": int(NOW.timestamp()) + 3600, **claims}, secret, algorithm)


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"exp": int(NOW.timestamp()) + 3600, **claims})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def test_a_good_token_says_who_the_customer_is() -> None:
    claims = read_identity(signed({**WHOLE, "extra": [1]}), SECRET, NOW)
    assert (claims.sub, claims.name, claims.plan, claims.mrr, claims.currency) == (
        "acme-7",
        "Dana",
        "business",
        6200.5,
        "EUR",
    )
    assert read_identity(sign_identity({"sub": "x"}, SECRET, NOW), SECRET, NOW).sub == "x"


def test_a_token_is_judged_by_the_time_that_is_handed_in() -> None:
    token = sign_identity({"sub": "x"}, SECRET, NOW, life=timedelta(hours=1))
    assert read_identity(token, SECRET, NOW + timedelta(minutes=59)).sub == "x"
    assert read_identity(token, SECRET, NOW - timedelta(minutes=5)).sub == "x"
    with pytest.raises(Unauthenticated, match="expired"):
        read_identity(token, SECRET, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (signed({**WHOLE, "exp": int(NOW.timestamp()) - 1}), "expired"),
        (signed(WHOLE, "another secret, also 32 bytes or more of it"), "not valid"),
        (signed(WHOLE, algorithm="HS384"), "not valid"),
        (unsigned(WHOLE), "not valid"),
        (jwt.encode(WHOLE, SECRET, "HS256"), "not valid"),  # no exp
        (signed({key: value for key, value in WHOLE.items() if key != "sub"}), "not valid"),
        (signed({**WHOLE, "sub": ""}), "sub"),
        (signed({**WHOLE, "sub": "   "}), "sub"),
        (signed({**WHOLE, "sub": 7}), "not valid"),
        (signed({**WHOLE, "sub": "x" * 201}), "sub"),
        (signed({**WHOLE, "mrr": -1}), "mrr"),
        (signed({**WHOLE, "mrr": float("nan")}), "mrr"),
        (signed({**WHOLE, "mrr": float("inf")}), "mrr"),
        (signed({**WHOLE, "mrr": "a lot"}), "mrr"),
        (signed({**WHOLE, "currency": "euro"}), "currency"),
        (signed({**WHOLE, "seats": 2**40}), "seats"),
        (signed({**WHOLE, "plan": "x" * 41}), "plan"),
        (signed({**WHOLE, "name": "x" * 201}), "name"),
        (signed({**WHOLE, "exp": "soon"}), "exp"),
        (signed({**WHOLE, "exp": float("inf")}), "exp"),
        (signed({**WHOLE, "exp": (NOW + LONGEST_LIFE + timedelta(minutes=2)).timestamp()}), "more than a day"),
        (signed({**WHOLE, "nbf": (NOW + timedelta(hours=1)).timestamp()}), "not valid yet"),
        ("", "not valid"),
        ("a.b.c", "not valid"),
        ("ü.\ud800.c", "not valid"),
        (signed(WHOLE)[:-2], "not valid"),
    ],
)
def test_a_token_that_is_not_good_is_refused_with_the_reason(token: str, says: str) -> None:
    with pytest.raises(Unauthenticated, match=says) as refused:
        read_identity(token, SECRET, NOW)
    assert refused.value.field == "identity"
    assert SECRET not in refused.value.message


def test_without_a_secret_nobody_is_believed() -> None:
    with pytest.raises(Unauthenticated, match="BATON_IDENTITY_SECRET"):
        read_identity(signed(WHOLE), "", NOW)


async def session(running: Running, status: int = 200, **body: Any) -> dict[str, Any]:
    response = await running.client.post("/api/chat/sessions", json=body)
    assert response.status == status, await response.text()
    return await response.json()


@pytest.mark.parametrize("email", ["dana", "dana@", "dana at acme.example", "<b>@x", "\u200b"])
async def test_an_email_that_is_no_address_is_left_out_and_costs_the_customer_no_chat(
    running: Running, email: str
) -> None:
    secret, now = running.service.identity_secret, running.clock.now()
    known = sign_identity({"sub": "dana", "email": "dana@acme.example"}, secret, now)
    assert (await session(running, identity=known))["conversation"]["customer"] is not None
    with structlog.testing.capture_logs() as logged:
        await session(running, identity=sign_identity({"sub": "dana", "email": email}, secret, now))
    assert [(line["log_level"], line["customer"]) for line in logged if "e-mail" in line["event"]] == [
        ("warning", "dana")
    ]
    async with running.service.database.read() as reader:
        kept = await reader.execute(sa.select(customers.c.email).where(customers.c.external_id == "dana"))
    assert kept.scalar_one() == "dana@acme.example"


async def test_joining_an_anonymous_conversation_needs_both_tokens(running: Running) -> None:
    identity = sign_identity(WHOLE, running.service.identity_secret, running.clock.now())
    anonymous = await session(running)
    assert anonymous["conversation"]["customer"] is None
    bearer = {"Authorization": f"Bearer {anonymous['token']}"}
    said = {"type": "message", "client_id": "m", "text": "before I signed in"}
    await running.client.post("/api/chat/frames", json=said, headers=bearer)

    elsewhere = await session(running, identity=identity)
    assert elsewhere["conversation"]["id"] != anonymous["conversation"]["id"]
    assert elsewhere["messages"] == []

    joined = await session(running, token=anonymous["token"], identity=identity)
    assert joined["conversation"]["id"] == anonymous["conversation"]["id"]
    assert joined["token"] not in {anonymous["token"], elsewhere["token"]}
    assert joined["conversation"]["customer"]["name"] == "Dana"
    assert joined["messages"][0]["text"] == "before I signed in"


async def test_another_customers_token_gives_a_new_conversation_and_not_the_old_one(running: Running) -> None:
    now, secret = running.clock.now(), running.service.identity_secret
    dana = await session(running, identity=sign_identity({"sub": "dana"}, secret, now))
    said = {"type": "message", "client_id": "m", "text": "my secret plans"}
    bearer = {"Authorization": f"Bearer {dana['token']}"}
    await running.client.post("/api/chat/frames", json=said, headers=bearer)
    other = await session(running, token=dana["token"], identity=sign_identity({"sub": "other"}, secret, now))
    assert other["conversation"]["id"] != dana["conversation"]["id"]
    assert other["token"] != dana["token"]
    assert other["messages"] == []
    assert (await session(running, token=dana["token"]))["messages"][0]["text"] == "my secret plans"


async def test_marks_that_turn_the_direction_of_text_are_left_out_of_a_name(running: Running) -> None:
    claims = {"sub": "x", "name": "\u202eDana\u2066", "company": "\u202e"}
    signed_in = await session(
        running, identity=sign_identity(claims, running.service.identity_secret, running.clock.now())
    )
    assert signed_in["conversation"]["customer"]["name"] == "Dana"


async def test_a_broken_identity_is_an_error_and_opens_nothing(running: Running) -> None:
    for identity in ("wrong", unsigned(WHOLE), "\ud800"):
        refused = await session(running, 401, identity=identity)
        assert refused["error"]["code"] == "unauthenticated"
    too_much = sign_identity({**WHOLE, "mrr": 1e14}, running.service.identity_secret, running.clock.now())
    assert (await session(running, 401, identity=too_much))["error"]["field"] == "identity"


async def test_a_token_that_nobody_knows_opens_a_new_conversation(running: Running) -> None:
    first = await session(running)
    for token in ("unknown", "\ud800", "\x00", first["conversation"]["id"]):
        fresh = await session(running, token=token)
        assert fresh["conversation"]["id"] != first["conversation"]["id"]
        assert fresh["token"] not in {token, first["token"]}
