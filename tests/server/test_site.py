"""The edge itself: pages, other sites, odd requests. Nothing that anybody sends is an error of the service's own."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from core.clock import FrozenClock
from knowledge.seed import sync_folder
from server import pages
from server.app import build_app
from server.service import SERVICE
from tests.server.conftest import PATIENCE, Running, ScriptedRasa, make_settings

GOOD = "---\ntitle: Download <b>invoices</b>\nrelated: [refunds]\n---\n\nOpen **Billing**. <script>alert(1)</script>\n"
SHOP = "https://shop.example"


@pytest.fixture
async def shop(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock
) -> AsyncIterator[TestClient[Any, Any]]:
    """A service that lets the pages of one shop embed the widget, without a demo."""
    settings = make_settings(tmp_path, rasa[1], allowed_origins=(SHOP,), demo=False, sessions_per_minute=2)
    client: TestClient[Any, Any] = TestClient(TestServer(build_app(settings, clock)))
    await client.start_server()
    yield client
    await client.close()


async def test_a_listed_shop_may_read_every_answer_and_ask_before(shop: TestClient[Any, Any]) -> None:
    origin = {"Origin": SHOP}
    asked = await shop.options(
        "/api/chat/sessions",
        headers={**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"},
    )
    assert asked.status == 204
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Content-Type"} <= set(asked.headers["Access-Control-Allow-Headers"].split(", "))
    answers = [asked, *[await shop.post("/api/chat/sessions", json={}, headers=origin) for _ in range(3)]]
    answers.append(await shop.get("/api/chat/events", headers=origin))
    opened = "/api/searches/se_none/clicks"
    answers.append(await shop.options(opened, headers={**origin, "Access-Control-Request-Method": "POST"}))
    answers.append(await shop.post(opened, json={"article_id": "refunds"}, headers=origin))
    assert [answer.status for answer in answers] == [204, 200, 200, 429, 401, 204, 404]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.headers["Vary"]
    socket = await shop.ws_connect("/api/chat/socket", headers=origin)
    await socket.send_json({"type": "hello", "token": (await answers[1].json())["token"], "after": None})
    assert (await socket.receive_json(timeout=PATIENCE))["type"] == "snapshot"
    await socket.close()


async def test_other_sites_are_refused_and_may_read_why_and_the_desk_is_open_to_no_site(
    shop: TestClient[Any, Any],
) -> None:
    for origin in ("https://evil.example", "null", "http://[", "https://shop.example.evil.example", SHOP + "/"):
        for method, path in (
            ("POST", "/api/chat/sessions"),
            ("GET", "/api/chat/events"),
            ("GET", "/api/chat/none"),
            ("POST", "/api/searches/se_none/clicks"),
        ):
            asked = await shop.options(path, headers={"Origin": origin, "Access-Control-Request-Method": method})
            answer = await shop.request(method, path, json={}, headers={"Origin": origin})
            assert (asked.status, answer.status) == (204, 403)
            assert asked.headers["Access-Control-Allow-Origin"] == answer.headers["Access-Control-Allow-Origin"] == "*"
            assert (await answer.json())["error"]["message"].endswith("Add its origin to BATON_ALLOWED_ORIGINS.")
    for path in ("/api/desk/conversations", "/api/staff/session"):
        for method in ("OPTIONS", "GET"):
            answer = await shop.request(method, path, headers={"Origin": SHOP})
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert (await shop.get("/demo")).status == 404


@pytest.mark.parametrize(
    ("public_url", "origin", "status"),
    [
        ("https://support.example", "https://support.example", 200),
        ("https://support.example", "http://support.example", 403),
        ("https://www.example", "https://support.example", 200),
        ("", "http://support.example", 200),
        ("", "https://support.example", 200),
    ],
)
async def test_a_page_of_our_host_that_came_unencrypted_is_not_ours_where_ours_are_encrypted(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock, public_url: str, origin: str, status: int
) -> None:
    settings = make_settings(tmp_path, rasa[1], public_url=public_url)
    async with TestClient(TestServer(build_app(settings, clock))) as behind_a_proxy:
        headers = {"Host": "support.example", "Origin": origin}
        assert (await behind_a_proxy.post("/api/chat/sessions", json={}, headers=headers)).status == status


NOWHERE = (
    "/nowhere", "/desk/none.js", "/desk/%2e%2e/%2e%2e/pyproject.toml", "/demo/..%2f..%2f..%2fpyproject.toml",
    "/desk/%00", "/help/%00", "/help/none", "/desk/" + "a" * 300, "/api/chat/none", "/help/%ff%fe", "/%00",
)  # fmt: skip


async def test_what_is_not_there_is_not_found(running: Running) -> None:
    for path in NOWHERE:
        answer = await running.client.get(path)
        assert answer.status == 404, path
        assert "pyproject" not in await answer.text()
        if not path.startswith("/help/"):
            assert (await answer.json())["error"]["code"] == "not_found", path


BODIES = (
    (b"", 400),
    (b"{", 400),
    (b"[]", 400),
    (b"null", 400),
    (b"\xff", 400),
    (b"[" * 100_000, 400),
    (b"9" * 5000, 400),
    (b'{"token": 7}', 400),
    (b'{"page": "x"}', 400),
    (b'{"token": "' + b"x" * 300 + b'"}', 400),
    (b'{"x": "' + b"x" * 1_100_000 + b'"}', 413),
    (b'{"x": ' + b'{"x":' * 400 + b"1" + b"}" * 400 + b"}", 200),
    (b'{"token": "\\ud800\\u0000"}', 200),
)


async def test_a_body_that_is_wrong_is_refused_in_the_one_envelope(running: Running) -> None:
    for raw, status in BODIES:
        answer = await running.client.post("/api/chat/sessions", data=io.BytesIO(raw))
        assert answer.status == status, raw[:40]
        if status != 200:
            error = (await answer.json())["error"]
            assert set(error) == {"code", "message", "field"}
            assert error["code"] == ("too_large" if status == 413 else "invalid")
    assert (await running.client.get("/healthz")).status == 200


async def test_the_wrong_method_is_told_in_the_same_envelope(running: Running) -> None:
    answer = await running.client.delete("/api/chat/sessions")
    assert answer.status == 405
    assert (await answer.json())["error"]["code"] == "not_found"


async def test_frames_with_numbers_and_texts_that_no_database_takes_are_refused_and_the_socket_stays(
    running: Running,
) -> None:
    chat = await running.visit()
    for raw in ("9" * 5000, '{"type": "press", "client_id": "p", "button": "\\u0000\\ud800"}',
                '{"type": "email", "client_id": "e", "email": "a\\u0000@b"}'):  # fmt: skip
        await chat.socket.send_str(raw)
        refused = await chat.until(lambda frame: frame["type"] == "error")
        assert refused["error"]["code"] in {"invalid", "not_found"}
    assert (await chat.send("message", text="still here"))["type"] == "ack"
    bearer = {"Authorization": f"Bearer {chat.token}"}
    for after in ("9" * 30, "-1", "x", str(2**31)):
        assert (await running.client.get(f"/api/chat/events?after={after}", headers=bearer)).status == 400
    for headers in ({"Authorization": "Bearer \udcff"}, {"Cookie": "baton_staff=\udcff"}):
        for path in ("/api/chat/events", "/api/desk/conversations"):
            answer = await running.client.get(path, headers=headers)
            assert answer.status in {400, 401}


async def test_a_hello_beyond_the_last_event_gets_a_snapshot_and_one_that_no_database_takes_an_error(
    running: Running,
) -> None:
    chat = await running.visit()
    for after, wanted in ((99, "snapshot"), (0, "resumed"), (10**30, "error"), (-1, "error")):
        socket = await running.client.ws_connect("/api/chat/socket")
        await socket.send_json({"type": "hello", "token": chat.token, "after": after})
        assert (await socket.receive_json(timeout=PATIENCE))["type"] == wanted
        await socket.close()


async def test_a_page_with_a_very_long_address_still_has_its_chat(running: Running) -> None:
    page = {"url": "https://x.example/?" + "q" * 5000, "title": "t" * 5000 + "\x00"}
    answer = await running.client.post("/api/chat/sessions", json={"page": page})
    assert answer.status == 200
    chat = (await answer.json())["conversation"]["id"]
    maya = await running.staff()
    kept = (await (await maya.get(f"/api/desk/conversations/{chat}")).json())["customer"]["page"]
    assert (len(kept["url"]), len(kept["title"])) == (2000, 300)


async def test_an_article_with_broken_front_matter_is_reported_and_the_rest_is_served(
    running: Running, tmp_path: Path
) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "invoices.md").write_text(GOOD)
    (folder / "broken.md").write_text("---\ntitle: [unclosed\nslug: broken\n---\n\ntext\n")
    (folder / "headless.md").write_text("just text\n")
    (folder / "secret.md").write_text("---\ntitle: Refund limits\naudience: internal\n---\n\nUp to 500.\n")
    report = await sync_folder(running.service.database, folder, running.clock)
    assert sorted(report.added) == ["invoices", "secret"]
    assert [str(broken).split(":")[0] for broken in report.broken] == ["broken.md", "headless.md"]
    assert all(str(broken).endswith(".") for broken in report.broken)

    shown = await running.client.get("/help/invoices")
    text = await shown.text()
    assert shown.status == 200
    assert "<strong>Billing</strong>" in text
    assert "Download &lt;b&gt;invoices&lt;/b&gt;" in text
    assert "<script>alert" not in text
    assert "default-src 'self'" in shown.headers["Content-Security-Policy"]
    for hidden in ("secret", "broken"):
        assert (await running.client.get(f"/help/{hidden}")).status == 404


async def test_the_demo_signs_its_customer_in_and_a_guest_not(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "DIST", tmp_path / "dist")
    assert (await running.client.get("/demo")).status == 404
    assert "make setup" in await (await running.client.get("/widget.js")).text()
    (tmp_path / "dist" / "demo").mkdir(parents=True)
    (tmp_path / "dist" / "demo" / "index.html").write_text('<p data-identity="__BATON_IDENTITY__"></p>')
    (tmp_path / "dist" / "widget.js").write_text("1")
    assert (await running.client.get("/demo?guest=1")).status == 200
    assert 'data-identity=""' in await (await running.client.get("/demo?guest=1")).text()
    identity = (await (await running.client.get("/demo")).text()).split('"')[1]
    session = await running.client.post("/api/chat/sessions", json={"identity": identity})
    assert (await session.json())["conversation"]["customer"]["name"] == "Dana Whitfield"
    script = await running.client.get("/widget.js")
    assert (script.status, script.headers["Cross-Origin-Resource-Policy"]) == (200, "cross-origin")
    assert (await running.client.get("/", allow_redirects=False)).headers["Location"] == "/demo"


async def test_a_page_is_not_served_as_a_file_without_its_policy(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "DIST", tmp_path / "dist")
    for page in ("desk", "demo"):
        (tmp_path / "dist" / page).mkdir(parents=True)
        (tmp_path / "dist" / page / "index.html").write_text("<p>page</p>")
        assert "Content-Security-Policy" in (await running.client.get(f"/{page}")).headers
        assert (await running.client.get(f"/{page}/index.html")).status == 404


async def test_only_who_has_the_bots_token_may_run_actions(running: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer \udcff"}):
        answer = await running.client.post("/internal/actions", json={}, headers=headers)
        assert answer.status in {400, 401}
    bearer = {"Authorization": f"Bearer {running.service.bot.token}"}
    for raw in (b"{", b"[]", b"\xff"):
        answer = await running.client.post("/internal/actions", data=raw, headers=bearer)
        assert answer.status == 400
    call = {"next_action": "action_dance", "sender_id": "cv_1.1", "tracker": {"sender_id": "cv_1.1", "slots": {}}}
    while (answer := await running.client.post("/internal/actions", json=call, headers=bearer)).status != 404:
        assert "still loading" in await answer.text()
    assert json.loads(await answer.text())["action_name"] == "action_dance"


async def test_the_shop_is_really_running(shop: TestClient[Any, Any]) -> None:
    assert shop.app[SERVICE].settings.allowed_origins == (SHOP,)
