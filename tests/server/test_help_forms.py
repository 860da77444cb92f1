"""What readers send: a vote each, a request each, with or without JavaScript, and from no other site."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import sqlalchemy as sa

from handoff.tables import conversations, messages
from knowledge.tables import articles, searches, votes
from server.identity import sign_identity
from server.reader import COOKIE
from tests.server.conftest import Running
from tests.server.help_articles import HIDDEN
from tickets.tables import tickets

VOTE, API_VOTE = "/help/invoices/vote", "/api/help/articles/invoices/vote"
OTHER_SITES = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


async def rows(running: Running, table: sa.Table) -> list[Any]:
    async with running.service.database.read() as reader:
        return list(await reader.execute(sa.select(table)))


async def counts(running: Running) -> tuple[int, int]:
    (row,) = [row for row in await rows(running, articles) if row.slug == "invoices"]
    return row.helpful, row.not_helpful


async def test_a_vote_needs_no_javascript_counts_once_and_can_be_changed(help_centre: Running) -> None:
    reader = help_centre.browser()
    first = await reader.post(VOTE, data={"helpful": "yes"}, allow_redirects=False)
    assert (first.status, first.headers["Location"]) == (303, "/help/invoices?vote#feedback")
    assert await counts(help_centre) == (1, 0)
    shown = await (await reader.get("/help/invoices?vote")).text()
    assert "Thank you, your answer is saved." in shown
    assert 'value="yes" aria-pressed="true"' in shown
    for _ in range(2):
        await reader.post(VOTE, data={"helpful": "no", "words": " Out of <date> "})
    assert await counts(help_centre) == (0, 1)
    (vote,) = await rows(help_centre, votes)
    assert (vote.helpful, vote.words) == (False, "Out of <date>")
    assert await (await help_centre.browser().post(VOTE, data={"helpful": "yes"})).text()
    assert await counts(help_centre) == (1, 1)


async def test_the_readers_cookie_is_signed_and_out_of_reach(help_centre: Running) -> None:
    answer = await help_centre.client.post(VOTE, data={"helpful": "yes"}, allow_redirects=False)
    cookie = answer.cookies[COOKIE]
    assert (cookie["samesite"], cookie["httponly"], cookie["path"]) == ("Lax", True, "/")
    name, _, signature = cookie.value.partition(".")
    for forged in (name, f"{name}.", f"{name}.{signature[:-1]}x", f"vi_1.{signature}", "." + signature, "é.é"):
        again = await help_centre.browser(Cookie=f"{COOKIE}={forged}").post(VOTE, data={"helpful": "yes"})
        assert again.status == 200
    voters = {row.voter for row in await rows(help_centre, votes)}
    assert len(voters) == 7
    assert "vi_1" not in voters
    personal = await help_centre.browser(Cookie=f"{COOKIE}={cookie.value}").get("/help/invoices")
    assert (personal.headers["Cache-Control"], personal.headers["Vary"]) == ("private, no-cache", "Cookie")


async def test_a_vote_of_a_script_is_the_same_vote_and_the_chats_visitor_is_the_same_person(
    help_centre: Running,
) -> None:
    chat = await help_centre.visit()
    browser = help_centre.browser()
    bearer = {"Authorization": f"Bearer {chat.token}"}
    answer = await browser.post(API_VOTE, json={"helpful": True}, headers=bearer)
    assert (answer.status, await answer.json()) == (200, {"helpful": True})
    (vote,) = await rows(help_centre, votes)
    (conversation,) = await rows(help_centre, conversations)
    assert vote.voter == conversation.visitor_id
    assert await (await browser.post(VOTE, data={"helpful": "no"})).text()
    assert await counts(help_centre) == (0, 1)
    for unknown in ("Bearer nobody", "Basic x", "Bearer"):
        stranger = await help_centre.browser().post(
            API_VOTE, json={"helpful": True}, headers={"Authorization": unknown}
        )
        assert stranger.status == 200
    assert await counts(help_centre) == (3, 1)


async def test_a_customer_has_one_vote_in_whatever_browser(help_centre: Running) -> None:
    identity = sign_identity({"sub": "dana"}, help_centre.service.identity_secret, help_centre.clock.now())
    for helpful in (True, False):
        browser = help_centre.browser()
        session = await (await browser.post("/api/chat/sessions", json={"identity": identity})).json()
        bearer = {"Authorization": f"Bearer {session['token']}"}
        assert (await browser.post(API_VOTE, json={"helpful": helpful}, headers=bearer)).status == 200
    assert await counts(help_centre) == (0, 1)


async def test_a_customer_is_remembered_until_the_browser_is_closed_and_a_guest_for_long(help_centre: Running) -> None:
    for identity, lasting in (({"sub": "dana"}, False), (None, True)):
        browser = help_centre.browser()
        signed = identity and sign_identity(identity, help_centre.service.identity_secret, help_centre.clock.now())
        opened = await browser.post("/api/chat/sessions", json={"identity": signed} if signed else {})
        bearer = {"Authorization": f"Bearer {(await opened.json())['token']}"}
        answer = await browser.post(API_VOTE, json={"helpful": True}, headers=bearer)
        assert bool(answer.cookies[COOKIE]["max-age"]) is lasting
        # The next vote, which the cookie alone tells whose it is, does not make it last longer.
        again = await browser.post(VOTE, data={"helpful": "no"}, allow_redirects=False)
        assert COOKIE not in again.cookies
    assert await counts(help_centre) == (0, 2)


@pytest.mark.parametrize("headers", OTHER_SITES)
async def test_another_site_can_send_nothing_in_a_readers_name(help_centre: Running, headers: dict[str, str]) -> None:
    sent = (
        await help_centre.client.post(VOTE, data={"helpful": "yes"}, headers=headers),
        await help_centre.client.post(API_VOTE, json={"helpful": True}, headers=headers),
        await help_centre.client.post("/api/help/searches", json={"question": "pdf"}, headers=headers),
        await help_centre.client.post("/contact", data={"email": "a@b.example", "message": "x"}, headers=headers),
    )
    assert [answer.status for answer in sent] == [403] * 4
    assert await counts(help_centre) == (0, 0)
    assert await rows(help_centre, searches) == []
    own = {"Origin": str(help_centre.client.make_url("")).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert (await help_centre.client.post(VOTE, data={"helpful": "yes"}, headers=own)).status == 200


async def test_votes_that_make_no_sense_are_refused_as_a_page_or_in_the_envelope(help_centre: Running) -> None:
    for form in ({}, {"helpful": ""}, {"helpful": "maybe"}):
        refused = await help_centre.client.post(VOTE, data=form)
        assert (refused.status, refused.content_type) == (400, "text/html")
    assert (await help_centre.client.post(VOTE, data={"helpful": "no", "words": "x" * 2_001})).status == 400
    assert (await help_centre.client.post(VOTE, data={"helpful": "no", "words": "a\x00b"})).status == 200
    assert (await help_centre.client.post(VOTE, data=io.BytesIO(b"\xff" * 1_100_000))).status in {400, 413}
    bad = {"Content-Type": "multipart/form-data"}
    assert (await help_centre.client.post(VOTE, data=b"helpful=yes", headers=bad)).status == 400
    for body in ({}, {"helpful": "perhaps"}, {"helpful": True, "words": "x" * 2_001}, []):
        assert (await help_centre.client.post(API_VOTE, json=body)).status == 400
    for hidden in (*(one.slug for one in HIDDEN), "none"):
        assert (await help_centre.client.post(f"/help/{hidden}/vote", data={"helpful": "yes"})).status == 404
        assert (
            await help_centre.client.post(f"/api/help/articles/{hidden}/vote", json={"helpful": True})
        ).status == 404


async def test_who_votes_too_often_has_to_wait(help_centre: Running) -> None:
    answers = [(await help_centre.client.post(API_VOTE, json={"helpful": True})).status for _ in range(21)]
    assert answers == [200] * 20 + [429]


async def test_what_is_offered_while_typing_begins_with_titles_and_is_not_logged(help_centre: Running) -> None:
    answer = await help_centre.client.get("/api/help/search", params={"q": "down my inv"})
    assert answer.headers["Cache-Control"] == "no-store"
    offered = (await answer.json())["results"]
    assert offered == [
        {"slug": "invoices", "title": "Download invoices as PDF", "category": "Billing", "url": "/help/invoices",
         "snippet": "About invoices.",
         "title_pieces": [["Down", True], ["load ", False], ["invoices", True], [" as PDF", False]],
         "snippet_pieces": [["About ", False], ["invoices", True], [".", False]]}
    ]  # fmt: skip
    assert (await (await help_centre.client.get("/api/help/search?q=%25")).json())["results"] == []
    for wrong in ("", "?q=", "?q=%00", "?q=" + "x" * 1_001):
        assert (await help_centre.client.get(f"/api/help/search{wrong}")).status == 400
    assert await rows(help_centre, searches) == []


async def test_what_was_typed_and_opened_is_logged_when_the_page_is_left(help_centre: Running) -> None:
    for body in ({"question": "invoices pdf", "opened": "invoices"}, {"question": "call me on +49 170 1234567"},
                 {"question": "invoices pdf", "opened": "secret-limits"}):  # fmt: skip
        assert (await help_centre.client.post("/api/help/searches", json=body)).status == 200
    logged = [(row.question, row.opened) for row in await rows(help_centre, searches)]
    assert sorted(logged, key=str) == sorted(
        [("invoices pdf", "id-invoices"), ("call me on [phone]", None), ("invoices pdf", None)], key=str
    )
    for wrong in ({}, {"question": ""}, {"question": 7}, {"question": "x", "opened": "x" * 300}):
        assert (await help_centre.client.post("/api/help/searches", json=wrong)).status == 400


async def form_id(running: Running, about: str = "") -> str:
    text = await (await running.client.get("/contact", params={"about": about} if about else {})).text()
    return re.findall(r'name="form" value="(fo_[0-9a-f]{24})"', text)[0]


async def test_a_request_without_javascript_becomes_a_ticket_once(help_centre: Running) -> None:
    form = {"form": await form_id(help_centre), "email": " kim@example.org ", "message": "My <b>invoice</b> is wrong."}
    for _ in range(2):
        answer = await help_centre.client.post("/contact", data=form, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/contact/sent")
    assert "Your request has arrived" in await (await help_centre.client.get("/contact/sent")).text()
    (ticket,) = await rows(help_centre, tickets)
    assert (ticket.subject, ticket.requester_email) == ("My <b>invoice</b> is wrong.", "kim@example.org")
    (conversation,) = await rows(help_centre, conversations)
    assert (conversation.owner, conversation.email) == ("queue", "kim@example.org")
    assert conversation.page_title == "Contact form: answer by e-mail"
    (said,) = [row for row in await rows(help_centre, messages) if row.author_kind == "customer"]
    assert (said.text, said.turn) == ("My <b>invoice</b> is wrong.", None)
    assert help_centre.rasa.heard == []
    maya = await help_centre.staff()
    queue = await (await maya.get("/api/desk/conversations?view=queue")).json()
    assert [row["subject"] for row in queue["conversations"]] == ["My <b>invoice</b> is wrong."]


async def test_a_request_that_failed_half_way_leaves_nothing_and_is_taken_when_it_is_sent_again(
    help_centre: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"form": await form_id(help_centre), "email": "kim@example.org", "message": "My invoice is wrong."}

    async def breaks(*_given: object, **_named: object) -> None:
        raise sa.exc.OperationalError(None, None, Exception("the database has gone"))

    with monkeypatch.context() as broken:
        broken.setattr("handoff.filing.hand_over", breaks)
        refused = await help_centre.client.post("/contact", data=form)
        shown = await refused.text()
    assert refused.status == 503
    assert "send it again" in shown
    assert f'value="{form["form"]}"' in shown
    assert "My invoice is wrong.</textarea>" in shown
    assert await rows(help_centre, conversations) == []
    answer = await help_centre.client.post("/contact", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/contact/sent")
    (ticket,) = await rows(help_centre, tickets)
    assert (ticket.text, ticket.source) == ("My invoice is wrong.", "email")


WRONG_REQUESTS: tuple[tuple[dict[str, str], int, str, str], ...] = (
    ({"email": "kim", "message": "Hello"}, 400, "does not look like an e-mail address", "email"),
    ({"email": "kim@example.org", "message": "  "}, 400, "The message is empty", "message"),
    ({"email": "kim@example.org", "message": "x" * 8_001}, 413, "8,000 is the most", "message"),
    ({"email": "kim@example.org"}, 400, "The message is empty", "message"),
    ({"form": "nonsense", "email": "kim@example.org", "message": "Hello"}, 400, "Send it again", "wrong"),
)


@pytest.mark.parametrize(("form", "status", "words", "focused"), WRONG_REQUESTS)
async def test_a_request_that_is_wrong_is_shown_again_with_what_was_written(
    help_centre: Running, form: dict[str, str], status: int, words: str, focused: str
) -> None:
    sent = {"form": await form_id(help_centre), **form}
    answer = await help_centre.client.post("/contact", data=sent)
    text = await answer.text()
    assert answer.status == status
    assert words in text
    assert 'role="alert"' in text
    assert re.findall(r" id=\"(\w+)\"[^>]* autofocus", text) == [focused]
    assert re.search(r'name="form" value="fo_[0-9a-f]{24}"', text)
    if "email" in form:
        assert f'value="{form["email"]}"' in text
    assert await rows(help_centre, tickets) == []


async def test_a_question_that_found_nothing_goes_along_to_the_form(help_centre: Running) -> None:
    text = await (await help_centre.client.get("/contact", params={"about": '"</textarea><script>'})).text()
    assert "I searched for “&#34;&lt;/textarea&gt;&lt;script&gt;”." in text


async def test_one_address_cannot_fill_the_queue(help_centre: Running) -> None:
    answers = []
    for _ in range(11):
        form = {"form": await form_id(help_centre), "email": "kim@example.org", "message": "Hello"}
        answers.append((await help_centre.client.post("/contact", data=form, allow_redirects=False)).status)
    assert answers == [303] * 10 + [429]
