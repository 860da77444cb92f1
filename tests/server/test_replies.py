"""Which intents get the same reply, and what that makes of the gate's report."""

from __future__ import annotations

from pathlib import Path

from server.replies import followed_by, with_same_replies
from server.settings import ROOT

RULES = """
version: "3.1"
rules:
- rule: search
  steps:
  - or:
    - intent: invoices
    - intent: refund
  - action: action_answer_question
- rule: hand over
  steps:
  - intent: frustration
  - action: utter_apologise
  - action: action_hand_over
- rule: in a form
  condition:
  - active_loop: ticket_form
  steps:
  - intent: refund
  - action: action_deactivate_loop
- rule: insists
  steps:
  - action: action_confirm_cancellation
  - intent: invoices
  - action: action_hand_over
"""


def test_what_follows_an_intent_is_read_without_what_needs_a_condition_or_a_turn_before(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES, encoding="utf-8")
    assert followed_by(rules) == {
        "invoices": ("action_answer_question",),
        "refund": ("action_answer_question",),
        "frustration": ("utter_apologise", "action_hand_over"),
    }


def test_an_answer_by_the_same_rule_is_no_wrong_one() -> None:
    followed = {"invoices": ("search",), "refund": ("search",), "thanks": ("reply",)}
    held_out = {
        "known": 10,
        "answered_wrongly": 0.5,
        "left_out": 8,
        "left_out_answered": 0.5,
        "out_of_scope_answered": 0.25,
        "taken_for": {
            "known": [["invoices", "refund", 3], ["invoices", "thanks", 2]],
            "left_out": [["refund", "invoices", 1], ["unruled", "other", 3]],
        },
    }
    told = with_same_replies(held_out, followed)
    assert (told["answered_alike"], told["answered_wrongly"]) == (0.3, 0.2)
    assert (told["left_out_alike"], told["left_out_answered"]) == (0.125, 0.375)
    assert told["out_of_scope_answered"] == 0.25
    assert "taken_for" not in told


def test_every_question_of_the_shipped_rules_is_answered_alike() -> None:
    followed = followed_by(ROOT / "data" / "rules.yml")
    assert followed["sso"] == followed["refund"] == ("action_answer_question",)
    assert followed["security_incident"] != followed["sso"]
