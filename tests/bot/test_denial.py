"""What is denied gives no intent, and a negation that denies no topic changes nothing."""

import pytest

from bot.denial import CORRECTS, DenialReader

DENIES = [
    ("I don't want a refund, I just want to know why I was charged", "I just want to know why I was charged"),
    ("not about invoices, about the API", "about the API"),
    ("I'm not asking about pricing, I want to know how to export my data", "I want to know how to export my data"),
    ("I dont need a new password i need my account unlocked", "i need my account unlocked"),
    ("it's not about my bill but about the mobile app", "about the mobile app"),
    ("I didn't ask for a refund. Why was my card charged?", "Why was my card charged"),
    ("no need to call me, just email the invoice", "just email the invoice"),
    ("that\u2019s not what I asked, how do I reset my password", "how do I reset my password"),
    ("nothing to do with sso, two factor codes do not arrive", "two factor codes do not arrive"),
    ("I am not looking for an upgrade, which plan has SSO?", "which plan has SSO"),
    ("cancel my account and I don't want a refund", "cancel my account"),
    ("I never asked for the business plan, why was I upgraded", "why was I upgraded"),
    ("I don't want a refund can you tell me when the invoice is due", "can you tell me when the invoice is due"),
    ("I don't want a refund i want to know why i was charged", "i want to know why i was charged"),
    ("I want an export, not a refund", "I want an export"),
    ("We weren't talking about tasks; how do we invite people?", "how do we invite people"),
    ("I DON'T WANT A REFUND. WHERE IS MY INVOICE", "WHERE IS MY INVOICE"),
    ("no I didn't ask to delete my account", ""),
    ("no, not about invoices", ""),
    ("nope, I didn't mean the mobile app", ""),
    ("This is not about the mobile app", ""),
    ("I'm not asking about tasks", ""),
    ("we weren't talking about tasks", ""),
]
CHANGES_NOTHING = [
    "I can't log in",
    "it doesn't work",
    "I didn't get my invoice",
    "I never got the reset email",
    "I haven't received a code",
    "the app is not syncing",
    "not working, just shows a blank page",
    "not sure how to export my data",
    "not a member yet, how do I join",
    "I don't know how to export",
    "I don't understand the invoice, what is VAT",
    "I do not see my tasks, where did they go",
    "you didn't say how to invite people",
    "the invoice does not say who paid, who did",
    "my card was not charged, why",
    "we don't have sso",
    "isn't there an app",
    "why don't you want my card",
    "it's not possible to log in, what should i do",
    "I don't want to cancel",
    "I don't want a refund",
    "I didn't ask for this",
    "I didn't ask for an upgrade",  # a complaint about the upgrade, not about having been misunderstood
    "I don't want the plan I have",
    "I don't just want a refund, I want an apology",
    "I don't want to receive emails, how do I turn them off",  # what is left points back to what is denied
    "hello there, I don't need my account anymore",  # what is left is a greeting
    "can we pay by invoice instead of a card",  # what it is to be instead of belongs to the question
    "can I pause my subscription rather than cancel it",
    "no thanks",
    "no",
    "not",
    "",
    "I don't want \ud83d " + "x" * 3000,
]


@pytest.fixture(scope="module")
def reader():
    return DenialReader()


@pytest.mark.parametrize(("text", "kept"), [one for one in DENIES if one[1]])
def test_what_is_left_of_a_message_is_what_it_does_not_deny(reader, text, kept):
    assert reader.read(text).kept == kept


@pytest.mark.parametrize("text", [text for text, kept in DENIES if kept == ""])
def test_a_message_that_only_corrects_us_denies_a_topic_and_leaves_nothing(reader, text):
    denial = reader.read(text)
    assert (denial.kind, denial.kept, denial.corrects_us) == (CORRECTS, "", True)
    assert denial.denied
    assert denial.denied in text


@pytest.mark.parametrize("text", CHANGES_NOTHING)
def test_a_negation_that_denies_no_topic_changes_nothing(reader, text):
    assert reader.read(text) is None


def test_the_part_that_is_not_denied_gives_the_intent(understand):
    parsed = understand("i am not asking about my invoices, is there an app for my phone?")
    assert parsed["intent"]["name"] == parsed["intent_ranking"][0]["name"] == "mobile_app"
    assert parsed["scope"]["decision"] == "answer"
    assert "intents" not in parsed
    assert understand("is there an app for my phone?")["intent"]["name"] == "mobile_app"


def test_of_three_things_the_two_that_are_not_denied_are_named(understand):
    parsed = understand(
        "i don't want to talk to a person. where can i find my invoices and also is there an app for my phone?"
    )
    assert [found["name"] for found in parsed["intents"]] == ["invoices", "mobile_app"]


def test_a_topic_that_is_denied_alone_is_neither_answered_nor_offered(understand):
    parsed = understand("no, i didn't ask where i can find my invoices")
    assert parsed["intent"]["name"] == parsed["intent_ranking"][0]["name"] == "nlu_unsure"
    assert parsed["scope"]["decision"] == "ask"
    offered = [choice["name"] for choice in parsed["scope"]["choices"]]
    assert offered
    assert not {"invoices", "out_of_scope", "nlu_unsure"} & set(offered)


def test_a_wish_that_is_denied_beside_one_that_is_not_understood_is_asked_about(understand):
    parsed = understand("i don't want to talk to a person, i want qwerty blorp zxcv")
    assert parsed["intent"]["name"] == "nlu_unsure"
    assert parsed["scope"]["choices"][0]["name"] == "talk_to_person"
    confidences = [guess["confidence"] for guess in parsed["intent_ranking"]]
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize(
    "text", ["i can't find my invoices", "there isn't an app for my phone", "i don't have invoices"]
)
def test_what_does_not_work_keeps_its_topic(understand, text):
    assert understand(text)["intent"]["name"] in {"invoices", "mobile_app"}
