"""One list says what kind each intent is: every part that treats some apart from others reads it or agrees with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ConfigurationError
from core.intents import intent_kinds, of_kinds

ROOT = Path(__file__).parents[2]


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_every_intent_of_the_domain_has_a_kind_and_no_other_has() -> None:
    listed = [name for names in intent_kinds().values() for name in names]
    assert sorted(listed) == sorted(read("domain.yml")["intents"])


def test_what_leads_a_message_is_listed_in_the_pipeline_by_kind() -> None:
    leading = next(one for one in read("config.yml")["pipeline"] if one["name"].endswith("LeadingMatter"))
    assert {name: set(leading[name]) for name in ("people", "settled", "requests")} == {
        "people": of_kinds("incident", "person"),
        "settled": of_kinds("anger", "unreadable"),
        "requests": of_kinds("request", "ticket", "contact"),
    }
    assert set(leading["courtesies"]) == of_kinds(
        "small_talk", "reply", "feedback", "remark", "pointer", "form", "unknown"
    )


def test_a_question_is_answered_by_the_articles_and_what_is_unknown_is_searched_for() -> None:
    searching = next(one for one in read("data/rules.yml")["rules"] if one["rule"].startswith("search the articles"))
    asked = {one["intent"] for one in searching["steps"][0]["or"]}
    assert of_kinds("question") <= asked
    assert asked - of_kinds("question", "button", "pointer") == {"nlu_fallback", "out_of_scope", "correct_field"}


def test_a_kind_that_is_not_listed_is_an_error() -> None:
    with pytest.raises(KeyError):
        of_kinds("gossip")


@pytest.mark.parametrize(
    ("content", "said"),
    [("a: [x]\nb: [x]\n", "x is listed more than once"), ("- x\n", "cannot be read"), ("a: [", "cannot be read")],
)
def test_a_list_of_kinds_that_is_not_right_is_refused_in_words(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "intents.yml").write_text(content)
    with pytest.raises(ConfigurationError, match=said):
        intent_kinds(tmp_path / "intents.yml")
