"""By its form a text is a question, a wish, a trouble or a statement."""

import pytest

from bot.asking import form_of, is_question


@pytest.mark.parametrize(
    "text",
    [
        "what happens now", "can i go back later", "ok, and how do I do that", "do guests count", "is fernhill down", "whats new",
        "you sign DPAs?", "Also, do you sign DPAs", "hi, where's my invoice",
    ],
)  # fmt: skip
def test_a_question_is_told_by_its_mark_or_its_beginning(text):
    assert is_question(text)
    assert form_of(text) == "question"


@pytest.mark.parametrize(
    "text", ["have a nice day", "did that", "what a great app", "will do", "would love to", "do it", "thanks"]
)
def test_what_only_begins_like_a_question_is_none(text):
    assert not is_question(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("show me my invoices", "wish"),
        ("I need to export our data", "wish"),
        ("the export stopped half way", "trouble"),
        ("my board won’t load", "trouble"),
        ("We are evaluating Fernhill for 300 people.", "statement"),
        ("since yesterday", "statement"),
        ("", "statement"),
    ],
)
def test_what_is_no_question_is_a_wish_a_trouble_or_a_statement(text, form):
    assert form_of(text) == form
