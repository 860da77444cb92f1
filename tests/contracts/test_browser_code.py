"""What is said in several places is the same in each: the browser code, the assistant's files and the service."""

from __future__ import annotations

import re
from typing import Any

import yaml

from handoff.wording import LONGEST_MESSAGE, REASONS
from knowledge.retriever import LONGEST_QUESTION
from server.settings import ROOT
from tickets.triage import LONGEST_READ
from tickets.vocabulary import CATEGORIES


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def parsed(path: str) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(read(path))
    return value


def test_the_desk_offers_the_categories_that_tickets_have() -> None:
    source = (ROOT / "web" / "desk" / "categories.ts").read_text(encoding="utf-8")
    listed = source.partition("CATEGORIES")[2].partition("];")[0]
    assert tuple(re.findall(r'"([a-z-]+)"', listed)) == CATEGORIES


def test_the_desk_has_words_for_every_reason_to_hand_over_and_for_no_other() -> None:
    listed = read("web/shared/words.ts").partition("REASONS")[2].partition("};")[0]
    assert tuple(re.findall(r"^  (\w+): ", listed, re.MULTILINE)) == tuple(REASONS)


def test_triage_and_the_assistant_know_reasons_that_exist() -> None:
    assert set(parsed("tickets/triage.yml")["handover_reasons"]) <= set(REASONS)
    mappings = parsed("domain.yml")["slots"]["handover_reason"]["mappings"]
    assert {mapping["value"] for mapping in mappings if mapping.get("value")} <= set(REASONS)


def test_the_pages_about_handing_over_list_every_reason() -> None:
    for page in ("docs/architecture.md", "docs/handoff.md"):
        assert {reason for reason in REASONS if f"`{reason}`" not in read(page)} == set()


def test_a_message_is_as_long_in_every_place() -> None:
    said = {
        path: int(re.findall(pattern, read(path), re.MULTILINE)[0].replace("_", ""))
        for path, pattern in {
            "web/shared/limits.ts": r"^export const MESSAGE_LIMIT = ([\d_]+);$",
            "bot/turn.py": r"^MAX_TEXT = ([\d_]+)$",
        }.items()
    }
    assert {LONGEST_READ, *said.values()} == {LONGEST_MESSAGE}
    assert LONGEST_QUESTION >= LONGEST_MESSAGE


def test_nobody_writes_that_length_down_once_more() -> None:
    own = {"handoff/wording.py", "tickets/triage.py", "bot/turn.py", "web/shared/limits.ts"}
    packages = ("actions", "bot", "handoff", "knowledge", "server", "tickets", "web/desk", "web/widget", "web/shared")
    sources = [path for package in packages for path in (ROOT / package).rglob("*") if path.suffix in {".py", ".ts"}]
    found = {str(path.relative_to(ROOT)) for path in sources if re.search(r"\b8_?000\b", path.read_text("utf-8"))}
    tickets_not_characters = {"tickets/learning.py"}
    assert found == own | tickets_not_characters
