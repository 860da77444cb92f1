"""Which of several matters in one message decides what happens."""

from pathlib import Path

import pytest
import yaml
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message

from bot.clauses import CLAUSES, INTENTS, TOLD, ClauseReader, split
from bot.leading import LeadingMatter

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shipped():
    pipeline = yaml.safe_load((PROJECT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    settings = next(one for one in pipeline if one["name"] == "bot.leading.LeadingMatter")
    return LeadingMatter.create({**LeadingMatter.get_default_config(), **settings}, None, None, None)


@pytest.mark.parametrize(
    ("own", "clauses", "leads"),
    [
        ("sign_in_problem", ["sign_in_problem", "talk_to_person"], "talk_to_person"),
        ("talk_to_person", ["talk_to_person", "security_incident"], "security_incident"),
        ("cancel_subscription", ["cancel_subscription", "invoices"], "invoices"),
        ("ticket_status", ["ticket_status", "export_data"], "export_data"),
        ("cancel_subscription", ["cancel_subscription", "ticket_status"], "ticket_status"),
        ("open_ticket", ["open_ticket", "cancel_subscription"], "cancel_subscription"),
        ("thanks", ["thanks", "invoices"], "invoices"),
        ("article_did_not_help", ["article_did_not_help", "refund"], "refund"),
        ("greet", ["greet", "ticket_status"], "ticket_status"),
        ("greet", ["greet", "praise"], "greet"),
        ("refund", ["invoices", "sso"], "refund"),
        ("frustration", ["frustration", "invoices"], "frustration"),
        ("invoices", ["frustration", "invoices"], "invoices"),
        ("foreign_language", ["talk_to_person", "invoices"], "foreign_language"),
    ],
)
def test_people_come_before_questions_questions_before_requests_and_requests_before_courtesies(
    shipped, own, clauses, leads
):
    message = _message(own, clauses)
    shipped.process([message])
    assert message.get(INTENT)["name"] == leads
    assert [one["name"] for one in message.get(INTENTS)] == clauses


def test_the_surest_of_several_questions_leads_where_the_whole_is_none_and_stands_first_in_the_ranking(shipped):
    message = _message("thanks", ["invoices", "thanks", "sso"], [0.6, 0.9, 0.7])
    shipped.process([message])
    assert message.get(INTENT) == {"name": "sso", "confidence": 0.7}
    assert [(one["name"], one["confidence"]) for one in message.get(INTENT_RANKING_KEY)] == [
        ("sso", 0.7),
        ("thanks", 0.7),
        ("invoices", 0.6),
    ]


def test_a_break_in_that_one_clause_only_suggests_is_none(shipped):
    message = _message("two_factor", ["security_incident", "two_factor"], [0.62, 0.71])
    shipped.process([message])
    assert message.get(INTENT)["name"] == "two_factor"
    assert message.get(INTENTS) == []


def test_a_message_of_one_matter_keeps_its_intent(shipped):
    message = Message.build("hello")
    message.set(INTENT, {"name": "greet", "confidence": 0.9})
    shipped.process([message])
    assert message.get(INTENT) == {"name": "greet", "confidence": 0.9}


def test_every_listed_intent_exists():
    """A renamed intent would silently count as a question."""
    domain = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
    pipeline = yaml.safe_load((PROJECT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    settings = next(one for one in pipeline if one["name"] == "bot.leading.LeadingMatter")
    listed = {name for kind in ("people", "settled", "requests", "courtesies") for name in settings[kind]}
    assert listed <= set(domain["intents"])


def test_every_rule_of_a_question_is_that_of_an_intent_in_no_list(shipped):
    """What an article answers leads before requests: the lists and the rules must agree on what that is."""
    rules = yaml.safe_load((PROJECT / "data" / "rules.yml").read_text(encoding="utf-8"))["rules"]
    searched = next(rule for rule in rules if rule["rule"] == "search the articles for a question")
    intents = {one["intent"] for one in searched["steps"][0]["or"]}
    by_button_or_by_nobody = {
        "show_how_to_cancel",
        "show_article",
        "show_how",
        "nlu_fallback",
        "out_of_scope",
        "correct_field",
    }
    assert all(shipped.is_question(name) for name in intents - by_button_or_by_nobody)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("I was charged twice, I want a human", ["I was charged twice", "I want a human"]),
        ("get me a human, how do I export?", ["get me a human", "how do I export?"]),
        ("my export fails - let me talk to an agent", ["my export fails", "let me talk to an agent"]),
        (
            "hi, it fails again, I need a human, quickly please, now",
            ["hi, it fails again", "I need a human", "quickly please, now"],
        ),
        ("can I add another person to a board, as a guest", []),
        ("where are my invoices, the ones of May", []),
        ("no, I want a human", []),
        ("I need a human, please", []),
    ],
)
def test_a_comma_divides_only_beside_a_wish_for_a_person(text, clauses):
    assert split(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("I have 2 questions: how do i add a teammate, and where are my invoices?", ["how do i add a teammate", "where are my invoices?"]),
        ("Hi, I've got a few quick questions. How do I pay? Can guests see billing?", ["How do I pay?", "Can guests see billing?"]),
        ("I forgot my password but also how do I change my email?", ["I forgot my password", "how do I change my email?"]),
        ("Where is our data stored? Also, do you sign DPAs?", ["Where is our data stored?", "do you sign DPAs?"]),
        ("1) how do we export 2) how do we import", ["how do we export", "how do we import"]),
        ("my import fails and 2.5 GB are refused", ["my import fails", "2.5 GB are refused"]),
        ("First, where do I pay? second payments fail here", ["where do I pay?", "second payments fail here"]),
        ("I have a problem with my card and i want a refund", ["I have a problem with my card", "i want a refund"]),
    ],
)  # fmt: skip
def test_what_joins_clauses_or_announces_them_is_in_none(text, clauses):
    assert split(text) == clauses


def test_what_begins_like_an_announcement_and_is_none_is_divided_like_anything_else():
    # "an" and "other" as well, it could be read in 2 to the 50 ways.
    endless = f"I have {'another' * 50} thing here"
    assert split(f"{endless} and also how do I pay") == [endless, "how do I pay"]


def test_every_clause_is_told_with_its_form_whatever_the_gate_made_of_it():
    message = Message.build("whole")
    clauses = [Message({"text": text}) for text in ("We are 300 people.", "Do you sign DPAs?")]
    clauses[1].set(INTENT, {"name": "security_privacy", "confidence": 0.2})
    message.set(CLAUSES, clauses)
    ClauseReader().process([message])
    assert message.get(TOLD) == [
        {"name": None, "text": "We are 300 people.", "form": "statement"},
        {"name": "security_privacy", "text": "Do you sign DPAs?", "form": "question"},
    ]
    assert message.get(INTENTS) is None


def _message(own, clauses, sureness=None):
    message = Message.build("several matters in one message")
    sure = sureness or [0.8] * len(clauses)
    matters = [{"name": name, "confidence": one, "text": name} for name, one in zip(clauses, sure, strict=True)]
    ranked = sorted(
        ({key: one[key] for key in ("name", "confidence")} for one in matters), key=lambda one: -one["confidence"]
    )
    own_guess = {"name": own, "confidence": 0.9}
    message.set(INTENTS, matters)
    message.set(INTENT, own_guess)
    message.set(INTENT_RANKING_KEY, [own_guess, *(one for one in ranked if one["name"] != own)])
    return message
