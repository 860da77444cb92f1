"""The dialogue through the real assistant and service, over HTTP: a ticket by form, a choice by button, "did not help" twice."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from actions.asking_back import MOST_CHOICES
from tests.story.conftest import Baton

VAGUE = ("gantt bars jump around", "something with the bill and the card", "the pdf thing", "two factor for the whole company",
         "it is about people and boards", "login invoice help", "how long is it", "the mobile data")  # fmt: skip
PATIENCE = 20


class Chat:
    """A customer's client that polls."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url
        self._ids = itertools.count()
        self._after = 0
        self.messages: list[dict[str, Any]] = []

    async def open(self) -> None:
        async with self._session.post(f"{self._url}/api/chat/sessions", json={}) as response:
            opened = await response.json()
        self._after = opened["conversation"]["last_event"]
        self._session.headers["Authorization"] = f"Bearer {opened['token']}"

    async def say(self, text: str) -> list[dict[str, Any]]:
        return await self._send({"type": "message", "text": text})

    async def press(self, title: str) -> list[dict[str, Any]]:
        button = next(
            button for one in reversed(self.messages) for button in one["buttons"] if button["title"] == title
        )
        return await self._send({"type": "press", "button": button["id"]})

    async def conversation(self) -> dict[str, Any]:
        async with self._session.get(f"{self._url}/api/chat/events", params={"after": self._after}) as response:
            return dict((await response.json())["conversation"])

    async def _send(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        """Send a frame; returns what is said next by others than the customer: a turn's words are stored together."""
        frame["client_id"] = f"c{next(self._ids)}"
        async with self._session.post(f"{self._url}/api/chat/frames", json=frame) as response:
            assert response.status == 200, await response.text()
        heard: list[dict[str, Any]] = []
        while not heard:
            after = {"after": self._after, "wait": PATIENCE}
            async with self._session.get(f"{self._url}/api/chat/events", params=after) as response:
                events = (await response.json())["events"]
            for event in events:
                self._after = event["id"]
                if event["event"] == "message" and event["data"]["message"]["author"]["kind"] != "customer":
                    heard.append(event["data"]["message"])
        self.messages += heard
        return heard


@pytest.fixture
async def chat(baton: Baton) -> AsyncIterator[Chat]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        chat = Chat(session, baton.url)
        await chat.open()
        yield chat


def titles(message: dict[str, Any]) -> list[str]:
    return [button["title"] for button in message["buttons"]]


async def test_a_ticket_from_the_first_word_to_its_number_with_a_question_and_a_correction_on_the_way(
    chat: Chat,
) -> None:
    begun = await chat.say("please open a ticket for me")
    assert len(begun) == 2
    assert "“cancel”" in begun[0]["text"]
    answered = await chat.say("how do I download my invoices?")
    assert answered[0]["answer"]["slug"] == "download-invoices"
    assert "few words" in answered[-1]["text"]
    (asked,) = await chat.say("The CSV export stops half way")
    assert asked["buttons"] == []
    helped = await chat.say("broken")
    assert len(helped) == 2
    await chat.say("Since Monday every CSV file ends after row 500.")
    wrong = await chat.say("kim@example")
    assert "name@example.com" in wrong[0]["text"]
    (summary,) = await chat.say("kim@example.org")
    assert "Since Monday every CSV file ends after row 500." in summary["text"]
    assert titles(summary) == ["Send it", "Change something", "Don't send it"]
    await chat.press("Change something")
    await chat.press("The subject")
    (summary,) = await chat.say("CSV exports end at row 500")
    assert "Subject: CSV exports end at row 500\n" in summary["text"]
    sent = await chat.press("Send it")
    notice = sent[-1]["notice"]
    assert notice["type"] == "ticket_opened"
    assert notice["reply_by"] is not None
    assert "kim@example.org" in sent[-1]["text"]
    assert (await chat.conversation())["owner"] == "bot"
    (status,) = await chat.say("what is the status of my ticket")
    assert f"{notice['ticket']} “CSV exports end at row 500”: open" in status["text"]


async def test_a_ticket_is_dropped_at_any_point_and_a_person_takes_over_from_it(chat: Chat) -> None:
    for given in ([], ["Slow boards"], ["Slow boards", "They take a whole minute to load."]):
        await chat.say("open a ticket")
        for words in given:
            await chat.say(words)
        (dropped,) = await chat.say("cancel")
        assert "othing" in dropped["text"]
    await chat.say("open a ticket")
    handed = await chat.say("I want to talk to a human")
    assert handed[-1]["notice"]["type"] == "queued"
    assert len(handed) == 2


async def test_a_vague_message_is_asked_about_and_the_choice_answers_it(chat: Chat) -> None:
    for words in VAGUE:
        asked = (await chat.say(words))[-1]
        if "None of these" in titles(asked):
            break
    else:
        pytest.fail("nothing was vague enough")
    *choices, none, person = titles(asked)
    assert (none, person) == ("None of these", "Talk to a person")
    assert 1 <= len(choices) <= MOST_CHOICES
    first = choices[0]
    assert (await chat.press(first))[-1]["buttons"] != []
    assert "None of these" not in titles(chat.messages[-1])


async def test_did_not_help_in_words_twice_brings_a_person_also_after_a_word_of_thanks(chat: Chat) -> None:
    await chat.say("how do I download my invoices?")
    await chat.say("ok thanks")
    second = (await chat.say("no"))[-1]
    assert second["answer"]["slug"] != "download-invoices"
    handed = await chat.say("no")
    assert (handed[-1]["notice"]["type"], handed[-1]["notice"]["reason"]) == ("queued", "not_helpful")
    assert (await chat.conversation())["owner"] == "queue"


async def test_another_language_is_answered_in_it_and_a_person_offered(chat: Chat) -> None:
    (told,) = await chat.say("Hallo, ich kann mich seit gestern nicht mehr anmelden. Können Sie mir bitte helfen?")
    assert "Englisch" in told["text"]
    assert titles(told) == ["Mit einem Menschen sprechen"]


async def test_who_is_asked_about_a_cancellation_and_wants_the_steps_sees_them(chat: Chat) -> None:
    for words in ("show me the steps", "ok i'll do it on my own"):
        (asked,) = await chat.say("I want to cancel my subscription")
        assert "Show me how to cancel" in titles(asked)
        assert (await chat.say(words))[-1]["answer"]["slug"] == "cancel-subscription"


async def test_what_is_told_of_the_problem_after_an_article_is_noted_and_what_is_still_so_brings_a_person(
    chat: Chat,
) -> None:
    await chat.say("my slack integration stopped working")
    (noted,) = await chat.say("since yesterday")
    assert titles(noted) == ["Talk to a person", "Open a ticket"]
    await chat.say("the mobile app crashes")
    await chat.say("still crashing after update")
    handed = await chat.say("did all of that, same thing")
    assert (handed[-1]["notice"]["type"], handed[-1]["notice"]["reason"]) == ("queued", "not_helpful")


async def test_everything_that_asks_is_answered_or_named_and_what_introduces_it_is_not(chat: Chat) -> None:
    heard = await chat.say(
        "We are evaluating Fernhill for our 300-person company. Do you support SSO with Okta? Where is our data stored? "
        "Also, do you have an office in Berlin?"
    )
    assert [(one["answer"] or {}).get("slug") for one in heard] == ["saml-sso-okta", "data-residency", None]
    assert "“do you have an office in Berlin?”" in heard[-1]["text"]


async def test_a_question_about_it_goes_on_from_the_one_before(chat: Chat) -> None:
    await chat.say("how do I get a refund")
    assert (await chat.say("when will it arrive"))[-1]["answer"]["slug"] == "refunds"
    await chat.say("how do I delete a project")
    assert (await chat.say("how long do you keep it"))[-1]["answer"]["slug"] == "archive-restore-project"


async def test_a_forgotten_pw_is_a_forgotten_password(chat: Chat) -> None:
    assert (await chat.say("forgot my pw"))[-1]["answer"]["slug"] == "reset-password"


async def test_what_is_no_goodbye_is_not_answered_with_one_and_help_says_what_there_is(chat: Chat) -> None:
    (told,) = await chat.say("what should happen next?")
    assert "browser" in told["text"]
    (told,) = await chat.say("i need help")
    assert titles(told) == ["How my ticket is going", "Open a ticket", "Talk to a person"]
