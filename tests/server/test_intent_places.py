"""What was forgotten of a new intent beside its examples is noted with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.intent_places import forgotten_places
from server.training_files import IntentHeading

KINDS = "question: [refund]\nsmall_talk: [thanks]\n"
RULES = """rules:
- rule: search
  steps:
  - or: [{intent: refund}]
  - action: action_answer_question
- rule: thanks
  steps: [{intent: thanks}, {action: utter_you_are_welcome}]
"""
DOMAIN = {"responses": {"utter_did_you_mean": [{"buttons": [{"title": "Refunds", "payload": "/refund"}]}]}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with two intents in all their places."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "intents.yml").write_text(KINDS, encoding="utf-8")
    (tmp_path / "data" / "rules.yml").write_text(RULES, encoding="utf-8")
    return tmp_path


def noted(root: Path, *intents: str) -> list[str]:
    headings = [IntentHeading(intent, f"a.yml:{line}") for line, intent in enumerate(intents, start=3)]
    return forgotten_places(headings, root=root, domain=DOMAIN)


def test_an_intent_in_all_its_places_is_not_noted(root: Path) -> None:
    assert noted(root, "refund", "thanks") == []


def test_a_new_intent_is_noted_once_for_each_place_that_lacks_it(root: Path) -> None:
    notes = noted(root, "refund", "warranty", "warranty")
    assert [note.partition(": ")[0] for note in notes] == ["a.yml:4"] * 3
    for note, place in zip(notes, ("data/intents.yml", "data/rules.yml", "domain.yml"), strict=True):
        assert place in note
        assert "'warranty'" in note


def test_an_intent_that_is_never_offered_needs_no_button(root: Path) -> None:
    (root / "data" / "intents.yml").write_text("question: [refund]\nsmall_talk: [thanks, cheers]\n", encoding="utf-8")
    (note,) = noted(root, "cheers")
    assert "data/rules.yml" in note


def test_a_domain_without_choices_offers_nothing(root: Path) -> None:
    notes = forgotten_places([IntentHeading("refund", "a.yml:3")], root=root, domain={"responses": None})
    assert ["utter_did_you_mean" in note for note in notes] == [True]
