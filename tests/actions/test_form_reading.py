"""How a message is read while a ticket is taken down."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.form_reading import (
    ASIDE,
    CHANGE,
    CONFIRMED,
    DESCRIPTION,
    EMAIL,
    FIELDS,
    OTHER_EMAIL,
    STOP,
    SUBJECT,
    Context,
    Step,
    read_message,
    read_press,
)

FILLED = {SUBJECT: frozenset(), DESCRIPTION: frozenset({SUBJECT}), EMAIL: frozenset(FIELDS[:2])}
EVERYWHERE = (SUBJECT, DESCRIPTION, EMAIL, CONFIRMED, CHANGE)


def at(requested: str, aside: str | None = None, known: str | None = None) -> Context:
    return Context(requested, FILLED.get(requested, frozenset(FIELDS)), aside, known)


@pytest.mark.parametrize(
    "text",
    [
        "cancel", "Cancel!", "please cancel this", "stop", "never mind", "oh, nevermind then, forget it", "forget about it",
        "no, drop it please", "quit", "scrap the ticket",
    ],
)  # fmt: skip
@pytest.mark.parametrize("requested", EVERYWHERE)
def test_a_way_out_is_one_wherever_the_form_is(text: str, requested: str) -> None:
    assert read_message(text, "cancel_subscription", at(requested)) == STOP
    assert read_press("stop_form", None, at(requested)) == STOP


def test_an_unusual_way_out_needs_its_intent() -> None:
    words = "I changed my mind, I no longer need this"
    assert read_message(words, "stop_form", at(DESCRIPTION)) == STOP
    assert read_message(words, "projects", at(DESCRIPTION)) == Step("go", {DESCRIPTION: words})


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Cancel my subscription", "cancel_subscription"),
        ("the stop button of the timer is grey", "technical_problem"),
        ("I want to cancel a meeting in the calendar and it stays", "cancel_subscription"),
        ("when I click export it stops at row 500", "export_data"),
        ("Will not load since Monday", "technical_problem"),
        ("my email address is wrong on the invoice", "correct_field"),
        ("the subject line of your mails is empty", "notifications"),
        ("This is ridiculous, the board deletes my tasks every night", "frustration"),
    ],
)
def test_what_is_told_is_taken_as_it_is_told(text: str, intent: str) -> None:
    for requested in (SUBJECT, DESCRIPTION):
        assert read_message(text, intent, at(requested)).slots == {requested: text}


def test_a_story_at_the_subject_is_the_description_as_well() -> None:
    story = "Our export is broken\nSince Monday every CSV ends after 500 rows."
    assert read_message(story, "export_data", at(SUBJECT)).slots == {
        SUBJECT: "Our export is broken",
        DESCRIPTION: story,
    }
    long = "word " * 60
    slots = read_message(long, None, at(SUBJECT)).slots
    assert len(slots[SUBJECT]) <= 200
    assert slots[DESCRIPTION] == long.strip()


@pytest.mark.parametrize(
    ("requested", "text", "say"),
    [
        (SUBJECT, "??", "utter_subject_needed"),
        (SUBJECT, "😀😀", "utter_subject_needed"),
        (DESCRIPTION, "broken", "utter_description_needed"),
        (DESCRIPTION, "yes please go ahead", "utter_description_needed"),
        (EMAIL, "kim at example", "utter_email_needed"),
        (EMAIL, "kim@example", "utter_email_wrong"),
        (EMAIL, "@", "utter_email_wrong"),
        (EMAIL, "I don't have one", "utter_email_needed"),
        (CONFIRMED, "hm", "utter_send_or_change"),
    ],
)
def test_what_cannot_be_used_is_asked_for_again_with_a_word_of_help(requested: str, text: str, say: str) -> None:
    assert read_message(text, None, at(requested)) == Step("go", {requested: None}, say=say)


def test_an_address_is_found_in_a_sentence_and_in_another_script_few_letters_say_much() -> None:
    assert read_message("sure, it's <kim@example.org>.", None, at(EMAIL)).slots == {EMAIL: "kim@example.org"}
    assert read_message("画面不显示", "foreign_language", at(DESCRIPTION)).slots == {DESCRIPTION: "画面不显示"}


def test_an_address_before_its_turn_is_kept_and_the_field_asked_for_again() -> None:
    early = read_message("kim@example.org", None, at(DESCRIPTION))
    assert (early.slots, early.say) == ({EMAIL: "kim@example.org"}, "utter_email_noted")


def test_a_question_is_answered_once_and_then_taken_at_its_word() -> None:
    question = "how do I export my data?"
    for requested in (SUBJECT, DESCRIPTION):
        assert read_message(question, "export_data", at(requested)) == ASIDE
        assert read_message(question, "export_data", at(requested, aside=requested)).slots == {requested: question}
    for requested in (EMAIL, CONFIRMED, CHANGE):
        assert read_message(question, "export_data", at(requested)) == ASIDE


@pytest.mark.parametrize("intent", ["talk_to_person", "security_incident"])
@pytest.mark.parametrize("requested", EVERYWHERE)
def test_a_person_and_a_break_in_come_before_the_form(intent: str, requested: str) -> None:
    assert read_message("somebody please, my account was hacked last night", intent, at(requested)) == ASIDE
    assert read_press("talk_to_person", None, at(requested)) == ASIDE


@pytest.mark.parametrize("intent", ["thanks", "greet", "bot_challenge", "ticket_status", "frustration"])
def test_small_talk_is_answered_and_a_longer_tale_that_looks_like_it_is_not(intent: str) -> None:
    assert read_message("whatever you say", intent, at(SUBJECT)) == ASIDE
    assert read_message("thanks to your update all my boards are empty", intent, at(SUBJECT)) != ASIDE


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("the subject should be Slow boards", {SUBJECT: "Slow boards"}),
        ("no wait, make the subject Slow boards", {SUBJECT: "Slow boards"}),
        ("no, change the title to “Slow boards”", {SUBJECT: "Slow boards"}),
        ("Actually the description should say it happens on phones too", {DESCRIPTION: "it happens on phones too"}),
        ("sorry, my email is noor@delft.example", {EMAIL: "noor@delft.example"}),
        ("noor@delft.example", {EMAIL: "noor@delft.example"}),
        ("change the subject", {SUBJECT: None}),
        ("there is a typo in the details", {DESCRIPTION: None}),
        ("the address is wrong", {EMAIL: None}),
    ],
)
def test_what_was_given_can_be_corrected_at_the_summary(text: str, slots: dict[str, str | None]) -> None:
    assert read_message(text, None, at(CONFIRMED)) == Step("go", slots)


def test_an_earlier_field_is_corrected_while_a_later_one_is_asked_for_and_a_later_one_is_not() -> None:
    assert read_message("the subject should be Slow boards", None, at(DESCRIPTION)).slots == {SUBJECT: "Slow boards"}
    assert read_message("change the subject please", "correct_field", at(DESCRIPTION)).slots == {SUBJECT: None}
    assert read_message("change the email please", "correct_field", at(SUBJECT)).slots == {
        SUBJECT: "change the email please"
    }


def test_a_no_to_the_summary_asks_what_to_change_and_the_answer_leads_there() -> None:
    assert (
        read_message("no", "deny", at(CONFIRMED)) == read_press("deny", None, at(CONFIRMED)) == Step("go", ask=CHANGE)
    )
    assert read_message("something is wrong", "correct_field", at(CONFIRMED)) == Step("go", ask=CHANGE)
    assert read_press("correct_field", "email", at(CHANGE)).slots == {EMAIL: None}
    assert read_message("the title", None, at(CHANGE)).slots == {SUBJECT: None}
    assert read_message("nothing, send it", "affirm", at(CHANGE)).slots == {CONFIRMED: None}


@pytest.mark.parametrize("text", ["send it", "ok go ahead", "Looks good!", "yes, submit the ticket please"])
def test_a_ticket_is_sent_on_a_clear_word_only(text: str) -> None:
    assert read_message(text, None, at(CONFIRMED)).slots == {CONFIRMED: True}
    assert read_message("let me think", None, at(CONFIRMED)).slots == {CONFIRMED: None}


def test_the_known_address_is_taken_with_a_yes_and_left_with_a_no() -> None:
    known = at(EMAIL, known="dana@fernhill.example")
    assert (
        read_message("yes", "affirm", known).slots
        == read_press("affirm", None, known).slots
        == {EMAIL: "dana@fernhill.example"}
    )
    assert read_message("no, another one", "deny", known).slots == {EMAIL: None, OTHER_EMAIL: True}
    assert read_message("yes", "affirm", at(EMAIL)).slots == {EMAIL: None}


@pytest.mark.parametrize("before", ["no", "change", "the", "subject"])
def test_a_message_of_spaces_is_read_at_once(before: str) -> None:
    # Were two runs of spaces side by side in a pattern, this would take minutes, and every customer's turn with it.
    assert read_message(before + " " * 60_000 + "x", None, at(CONFIRMED)).kind == "go"


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=300), st.sampled_from(["affirm", "deny", "invoices", "correct_field", "stop_form", None]),
    st.sampled_from(EVERYWHERE),
)  # fmt: skip
def test_any_text_anywhere_leads_on_and_nothing_is_sent_without_a_yes(
    text: str, intent: str | None, requested: str
) -> None:
    step = read_message(text, intent, at(requested))
    assert step.kind in {"stop", "aside"} or step.slots or step.ask
    assert step.slots.get(CONFIRMED) is not True or requested == CONFIRMED
    address = step.slots.get(EMAIL)
    assert address is None or "@" in address
