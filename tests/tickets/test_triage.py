"""Triage: what each rule of the design decides, and that it says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigurationError, Invalid
from tickets.cancellation import read_cancellation
from tickets.reading import Reading
from tickets.rules import DEFAULT_FILE, default_rules, load_rules
from tickets.triage import Signal, Triage, TriageRequest, plain, rule_shares, triage
from tickets.vocabulary import CATEGORIES, PRIORITIES

CANCELLATION = Path(__file__).parents[1] / "bot" / "data" / "cancellation.yml"


def of(text: str, **known: object) -> Triage:
    return triage(replace(TriageRequest(text), **known))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "category", "team"),
    [
        ("I want to transfer the workspace ownership to my colleague", "account", "accounts"),
        ("I can't log in, my password is not accepted", "sign-in", "accounts"),
        ("our SSO with Okta stopped working", "sign-in", "accounts"),
        ("I was charged twice for November", "billing", "billing"),
        ("can I get my invoices as pdf?", "billing", "billing"),
        ("how do I upgrade from the free trial?", "plans", "billing"),
        ("please cancel my subscription", "cancellation", "success"),
        ("the timeline does not show my recurring tasks", "projects", "product"),
        ("my guest can't open the share link", "sharing", "product"),
        ("the Slack integration posts nothing", "integrations", "technical"),
        ("webhooks from your API arrive late", "api", "technical"),
        ("the csv import stops at row 400", "import-export", "technical"),
        ("do you sign a DPA for the GDPR?", "security", "security"),
        ("Fernhill is down for us, error 503", "outage", "operations"),
        ("what a lovely day", "other", "support"),
    ],
)
def test_a_ticket_goes_to_the_team_of_what_it_is_about(text: str, category: str, team: str) -> None:
    result = of(text)
    assert (result.category, result.team) == (category, team)
    assert result.reasons


@pytest.mark.parametrize(
    "text",
    [
        "I want to cancel",
        "cancel my subscription",
        "How do I cancel my plan?",
        "I can't cancel my subscription, where is the button?",
        "I don't know how to cancel",
        "why don't you just cancel my account",
        "If this isn't fixed by Monday I will cancel",
        "Please have our contract cancelled",
        "pls cancle it",
        "We are switching to another tool",
        "don't renew my plan",
        "turn off auto renewal",
        "I don't want to upgrade. Cancel my plan instead",
        "I didn't want to cancel last month, but now I want to cancel",
        "we’re leaving Fernhill",
        "CANCEL MY ACCOUNT NOW!!!",
        "I do not wish to continue with the Business plan",
    ],
)
def test_a_wish_to_cancel_is_urgent_and_a_churn_risk(text: str) -> None:
    result = of(text)
    assert result.priority == "urgent"
    assert "churn-risk" in result.tags
    assert any("reads as a wish to cancel" in reason for reason in result.reasons)


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to cancel",
        "I don’t want to cancel, I only want to pause",
        "please do not cancel my subscription",
        "we have no intention of cancelling",
        "I never said I wanted to cancel my plan",
        "can I change the plan without cancelling?",
        "instead of cancelling I would like to downgrade",
        "I no longer want to cancel",
        "I wanted to cancel but changed my mind",
        "we are not leaving Fernhill",
        "cancel the meeting",
        "how do I cancel a recurring task?",
        "I need to cancel an invite that I sent",
        "The import is stuck and I can't cancel it",
        "please get the export cancelled",
        "what happens to my files if I cancel?",
        "I cancelled yesterday and was charged again",
        "I forgot to cancel, can I be refunded?",
        "",
    ],
)
def test_negation_a_question_or_another_object_is_no_churn_risk(text: str) -> None:
    result = of(text)
    assert "churn-risk" not in result.tags
    assert result.priority == "normal"


def test_the_assistants_intent_to_cancel_counts_unless_the_customers_words_deny_it() -> None:
    sure = {"intent": "cancel_subscription", "intent_confidence": 0.94}
    assert "churn-risk" in of("where is that button again", **sure).tags
    assert "churn-risk" in of("what happens if I cancel?", **sure).tags
    assert "churn-risk" not in of("I don't want to cancel", **sure).tags
    assert "churn-risk" not in of("how can I cancel the meeting?", **sure).tags
    assert (
        "churn-risk" not in of("where is that button again", intent="cancel_subscription", intent_confidence=0.4).tags
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [(kind, text) for kind, texts in yaml.safe_load(CANCELLATION.read_text("utf-8")).items() for text in texts],
)
def test_cancelling_is_read_as_the_assistant_reads_it(kind: str, text: str) -> None:
    said = read_cancellation(plain(text), default_rules().cancellation)
    assert (said.kind if said else "nothing") == kind


def test_frustration_that_the_assistant_saw_tags_the_ticket_with_the_words_that_told() -> None:
    seen = Signal("frustration", 0.84, ("useless", "again and again"))
    result = of("the export fails", signals=(seen,))
    assert "frustrated" in result.tags
    assert "“useless” and “again and again” show frustration (0.84): tagged frustrated." in result.reasons
    assert "frustrated" not in of("the export fails", signals=(Signal("frustration", 0.45, ("WHY",)),)).tags


def test_of_several_messages_the_strongest_signal_counts_and_a_classifier_is_no_quotation() -> None:
    weak = {"name": "frustration", "score": 0.4, "evidence": [{"signal": "capitals", "text": "WHY", "weight": 0.4}]}
    strong = {
        "name": "frustration",
        "score": 0.9,
        "evidence": [
            {"signal": "wording", "text": "useless", "weight": 0.6},
            {"signal": "classifier", "text": "frustration", "weight": 0.7},
        ],
    }
    assert Signal.strongest([[weak], [], [strong]]) == (Signal("frustration", 0.9, ("useless",)),)


def test_a_handoff_for_cancellation_is_a_churn_risk() -> None:
    result = of("yes please", handover_reason="cancellation")
    assert (result.category, result.priority, result.tags) == ("cancellation", "urgent", ("churn-risk",))


@pytest.mark.parametrize(
    ("text", "mrr", "priority"),
    [
        ("where are my invoices?", None, "normal"),
        ("where are my invoices?", 0, "normal"),
        ("where are my invoices?", 4999.99, "normal"),
        ("where are my invoices?", 5000, "high"),
        ("where are my invoices?", 6200, "high"),
        ("just a feature request for boards", None, "low"),
        ("just a feature request for boards", 5000, "normal"),
        ("this is urgent, nobody can work", None, "high"),
        ("this is urgent, nobody can work", 5000, "urgent"),
        ("our account was hacked", None, "urgent"),
        ("our account was hacked", 5000, "urgent"),
        ("the service is down", None, "high"),
        ("the service is down", 9000, "urgent"),
        ("this is not urgent", None, "low"),
    ],
)
def test_words_set_the_priority_and_revenue_of_5000_raises_it_by_one(text: str, mrr: float, priority: str) -> None:
    assert of(text, mrr=mrr).priority == priority


def test_the_reasons_tell_phrase_rule_and_figure() -> None:
    result = of("I was charged twice and I want to cancel", plan="enterprise", mrr=6000)
    assert (result.category, result.priority) == ("cancellation", "urgent")
    assert result.tags == ("churn-risk", "billing", "enterprise")
    assert result.reasons == (
        "“I want to cancel” reads as a wish to cancel: urgent, tagged churn-risk.",
        "“charged twice” is about billing too: tagged billing.",
        "Revenue of 6,000 a month (5,000 or more): already urgent.",
    )
    invoices = of("where are my invoices?", intent="invoices", intent_confidence=0.93, mrr=6200)
    assert invoices.reasons == (
        "“invoices” is about billing.",
        "The assistant understood “invoices and receipts” (0.93), which is about billing.",
        "Revenue of 6,200 a month (5,000 or more) raises the priority from normal to high.",
    )


def test_intents_of_the_assistant_are_hints_and_unknown_ones_are_passed_over() -> None:
    assert of("it does not work", intent="two_factor", intent_confidence=0.9).category == "sign-in"
    assert of("it does not work", intent="something_new", intent_confidence=0.9).category == "other"
    assert of("it happened again", intent="security_incident", intent_confidence=0.9).priority == "urgent"


def test_the_reason_of_a_handoff_counts() -> None:
    assert (of("help", handover_reason="security").category, of("help", handover_reason="security").priority) == (
        "security",
        "urgent",
    )
    assert of("help", handover_reason="outage").priority == "high"
    assert of("my invoice is wrong", handover_reason="frustration").tags == ("frustrated",)
    assert of("help", handover_reason="asked").category == "other"


def test_a_customer_who_comes_back_again_and_again_is_tagged() -> None:
    assert "repeat-contact" not in of("my invoice is wrong", earlier_tickets=2).tags
    assert "repeat-contact" in of("my invoice is wrong", earlier_tickets=3).tags


SURE = {"intent": "refund", "intent_confidence": 1.0, "articles": ("fh-0005", "fh-0006")}
REFUND = "I was charged twice, the payment failed, my invoice has the wrong amount: refund me via credit card"


class Reader:
    """A head that always says the same. Implements `Head`."""

    def __init__(self, category: str, confidence: float, *words: str) -> None:
        self.reading = Reading(category, confidence, words)
        self.given: list[Mapping[str, float] | None] = []

    def read(self, text: str, shares: Mapping[str, float] | None = None) -> Reading:
        self.given.append(shares)
        return self.reading


def with_head(head: Reader, text: str, **known: object) -> Triage:
    return triage(replace(TriageRequest(text), **known), head=head)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("since our last invoice nobody can sign in", "sign-in"),
        ("the board has been empty since the last invoice came", "projects"),
        ("After we paid for the year, the csv export stops half way", "import-export"),
        ("since upgrading to Business the timeline is slow", "projects"),
        ("the name of our account is wrong, unlike on the invoices: change my e-mail", "account"),
    ],
)
def test_what_a_ticket_only_mentions_gives_it_no_category_and_no_tag(text: str, category: str) -> None:
    head = Reader("other", 0.4)
    result = with_head(head, text)
    assert (of(text).category, of(text).tags, result.tags) == (category, (), (category,))
    assert all(set(shares or {}) == {category} for shares in head.given)


@pytest.mark.parametrize(
    "text",
    [
        "my last invoice is wrong",
        "what was on the last invoice, and where are earlier invoices?",
        "since the last invoice",
        "you charged us twice after the last payment",
    ],
)
def test_what_a_ticket_is_about_counts_however_it_is_called(text: str) -> None:
    assert of(text).category == "billing"


def test_an_automatic_reply_needs_more_than_nine_tenths_and_an_article() -> None:
    sure, unsure = Reader("billing", 0.91), Reader("billing", 0.9)
    assert with_head(sure, REFUND, **SURE).auto_reply == "fh-0005"
    assert with_head(sure, REFUND, **{**SURE, "articles": ()}).auto_reply is None
    held = with_head(unsure, REFUND, **SURE)
    assert (held.auto_reply, held.suggested_articles) == (None, ("fh-0005", "fh-0006"))


def test_rules_alone_never_reply_for_their_confidence_is_not_calibrated() -> None:
    result = of(REFUND, **SURE)
    assert result.confidence > 0.9
    assert result.auto_reply is None


def test_a_head_decides_the_category_after_hearing_the_rules_and_says_what_it_reads_like() -> None:
    head = Reader("billing", 0.93, "money", "twice")
    result = with_head(head, "you took the money twice, the api says so")
    assert (result.category, result.team, result.confidence) == ("billing", "billing", 0.93)
    assert result.reasons[0] == "It reads like earlier tickets about billing (0.93): “money” and “twice”."
    assert head.given == [{"api": 0.75}]
    assert "api" in result.tags


@pytest.mark.parametrize(
    ("text", "known"), [("I want to cancel", {}), ("hi", {"handover_reason": "security"}), ("", {}), (" \n", {})]
)
def test_a_head_is_not_asked_where_a_rule_decides_or_nothing_is_said(text: str, known: dict[str, object]) -> None:
    head = Reader("billing", 0.99)
    assert with_head(head, text, **known) == of(text, **known)
    assert head.given == []


def test_a_head_that_is_unsure_of_what_no_rule_knows_or_names_no_category_is_not_heeded() -> None:
    for head in (Reader("billing", 0.3), Reader("Hardware", 0.99)):
        result = with_head(head, "what a lovely day")
        assert (result.category, result.reasons) == ("other", ("No rule recognises what it is about.",))


def test_a_head_that_is_hardly_surer_of_no_category_than_of_one_claims_no_history() -> None:
    unsure = with_head(Reader("other", 0.49, "com"), "what a lovely day")
    assert (unsure.category, unsure.reasons) == ("other", ("No rule recognises what it is about.",))
    sure = with_head(Reader("other", 0.8, "status"), "what a lovely day")
    assert sure.reasons == ("It reads like earlier tickets that fit no category (0.80).",)


def test_a_head_reads_no_wish_to_cancel_where_the_words_say_that_it_is_none() -> None:
    head = Reader("cancellation", 0.7, "cancel")
    reminders = with_head(head, "please cancel the meeting reminders")
    assert (reminders.category, reminders.tags) == ("projects", ())
    assert with_head(head, "we are off to a competitor").category == "cancellation"


def test_what_rules_give_a_text_is_each_categorys_share_with_some_kept_for_the_unknown() -> None:
    assert rule_shares("an invoice") == {"billing": pytest.approx(2 / 3)}
    assert rule_shares("please cancel my subscription") == {"cancellation": pytest.approx(6 / 7)}
    assert rule_shares("") == {}


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (REFUND + ". I want to cancel", {}),
        (REFUND, {"handover_reason": "asked"}),
        (REFUND, {"mrr": 5000}),
        (REFUND + " asap", {}),
    ],
)
def test_who_is_leaving_pressed_or_waiting_for_a_person_gets_no_automatic_reply(
    text: str, known: dict[str, object]
) -> None:
    assert with_head(Reader("billing", 0.99), text, **{**SURE, **known}).auto_reply is None


@pytest.mark.parametrize(
    ("known", "field"),
    [({"mrr": -1}, "mrr"), ({"mrr": float("nan")}, "mrr"), ({"intent_confidence": 1.2}, "intent_confidence")],
)
def test_figures_that_cannot_be_are_refused(known: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        of("hello", **known)
    assert refusal.value.field == field


@settings(deadline=None)
@given(
    st.text(max_size=300) | st.sampled_from(["cancel " * 2000, "don't " * 3000, "\x00", "🌲" * 500, "a" * 100_000]),
    st.none() | st.floats(0, 1e9),
    st.none() | st.text(max_size=10),
)
def test_any_text_gets_a_result_and_the_same_one_twice(text: str, mrr: float | None, plan: str | None) -> None:
    request = TriageRequest(text, mrr=mrr, plan=plan)
    result = triage(request)
    assert result == triage(request)
    assert result.category in CATEGORIES
    assert result.priority in PRIORITIES
    assert 0 <= result.confidence < 1
    assert result.reasons


@settings(deadline=None)
@given(st.text(max_size=200), st.floats(0, 1e6))
def test_more_revenue_never_lowers_a_priority(text: str, mrr: float) -> None:
    with_revenue, without = of(text, mrr=mrr), of(text)
    assert PRIORITIES.index(with_revenue.priority) <= PRIORITIES.index(without.priority)


def test_plain_text_keeps_its_lines_and_loses_typographers_apostrophes() -> None:
    assert plain("don’t   stop\r\n\r\n me ") == "don't stop\nme"


def test_every_intent_of_the_assistant_belongs_to_one_category_at_most() -> None:
    rules = default_rules()
    listed = [intent for rule in rules.categories.values() for intent in rule.intents]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  billing:\n", "  biling:\n", "biling"),
        ("priority: high", "priority: higher", "'higher' is no priority"),
        ("  from: 5000", "  from: 0", "must be above 0"),
        ("revenue:\n  from: 5000", "", "'revenue' is missing"),
        ("plan_tags:", "plan_tags: [", "cannot be read"),
        ("calm: [", "calm: [on, ", "put it in quotes"),
    ],
)
def test_rules_that_are_not_right_are_refused_with_the_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = DEFAULT_FILE.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "triage.yml"
    broken.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=str(broken)) as refusal:
        load_rules(broken)
    assert told in refusal.value.message


def test_what_else_a_message_asks_for_is_a_tag_with_its_reason() -> None:
    result = of("where is it?", intent="invoices", intent_confidence=0.9, also=(("import_data", 0.7),))
    assert result.category == "billing"
    assert "import-export" in result.tags
    assert "It also asks about “bringing data in” (0.70), which is about import-export." in result.reasons


def test_the_second_matter_raises_the_priority_as_the_first_would() -> None:
    assert of("…", intent="invoices", intent_confidence=0.9, also=(("security_incident", 0.8),)).priority == "urgent"
    wish = of("…", intent="invoices", intent_confidence=0.9, also=(("cancel_subscription", 0.8),))
    assert (wish.priority, "churn-risk" in wish.tags) == ("urgent", True)
    assert of("…", intent="invoices", intent_confidence=0.9, also=(("security_incident", 0.3),)).priority == "normal"


def test_every_intent_of_a_category_has_words_for_the_reasons() -> None:
    rules = default_rules()
    named = {intent for rule in rules.categories.values() for intent in rule.intents}
    assert named == set(rules.intent_words)
    assert rules.words_of_intent("cancel_subscription") == "cancelling the subscription"
    assert rules.words_of_intent("some_new_intent") == "some new intent"
