"""`baton search` says whether an article answers, whether those listed are only near, and lists none that is not even that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.database import Database
from core.errors import Invalid
from knowledge.articles import Viewer
from knowledge.results import Result, SearchOutcome
from server.command import main
from server.commands import search
from tests.knowledge.conftest import keep, make_article

REFUNDS = Result("id-refunds", "refunds", "Get a refund", "", "/help/refunds", "Write to us.", 0.4, "public", "Billing")
OUTCOMES = (
    (SearchOutcome([REFUNDS], True, 0.9, close=True), "answered", "answered (confidence 0.90)", True),
    (
        SearchOutcome([REFUNDS], False, 0.2, close=True),
        "close",
        "no article answers this; these are the nearest, though none answers it (confidence 0.20)",
        True,
    ),
    (SearchOutcome([REFUNDS], False, 0.03), "nothing", "no article answers this, and none comes near (confidence 0.03)", False),
    (SearchOutcome(), "nothing", "no article answers this, and none comes near (confidence 0.00)", False),
)  # fmt: skip


@pytest.mark.parametrize(("outcome", "kind", "told", "listed"), OUTCOMES)
def test_what_was_found_is_told_for_what_it_is(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outcome: SearchOutcome,
    kind: str,
    told: str,
    listed: bool,
) -> None:
    async def search_once(*_given: Any, **_named: Any) -> tuple[SearchOutcome, str]:
        return outcome, ""

    monkeypatch.setattr(search, "search_once", search_once)
    assert main(["search", "can I have my money back"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == told
    assert ("Get a refund" in shown) == listed
    assert main(["search", "can I have my money back", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["outcome"], printed["answered"]) == (kind, outcome.answered)
    assert [one["slug"] for one in printed["results"]] == (["refunds"] if listed else [])


async def test_a_category_is_known_however_it_is_typed_and_one_that_is_not_there_is_no_empty_answer(
    database: Database,
) -> None:
    await keep(
        database,
        make_article("refunds", category="Billing"),
        make_article("on-call", category="Runbooks", visibility="internal"),
    )
    assert await search.as_written(database, "billing", Viewer.ANONYMOUS) == "Billing"
    assert await search.as_written(database, "Runbooks", Viewer.STAFF) == "Runbooks"
    for typed in ("Runbooks", "nope", "", "' OR 1=1"):
        with pytest.raises(Invalid, match="There is no category .*; there are Billing"):
            await search.as_written(database, typed, Viewer.ANONYMOUS)
