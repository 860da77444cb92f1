"""`baton triage`: explains what it says of a ticket, and goes by what people corrected once that was learned."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.database import Database
from server.command import main
from server.commands import train
from server.migrate import migrate
from tests.server.settings_of_commands import Sets, sentence_of
from tickets import ticketing
from tickets.triage import TriageRequest, triage


def test_triage_explains_itself_to_people_and_programs(set_env: Sets, capsys: pytest.CaptureFixture[str]) -> None:
    set_env()
    arguments = ["triage", "I want to cancel my subscription", "--mrr", "6200", "--plan", "enterprise"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "priority    urgent" in printed
    assert "  - “I want to cancel” reads as a wish to cancel: urgent, tagged churn-risk.\n" in printed
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["category"], found["priority"], found["tags"]) == (
        "cancellation",
        "urgent",
        ["churn-risk", "enterprise"],
    )
    assert main(["triage", " "]) == 0
    told = capsys.readouterr()
    assert "There is no text to go by." in told.out
    assert told.err == ""
    assert sentence_of(capsys, "triage", "x", "--mrr", "-1") == "Monthly revenue must be a number of 0 or more."
    assert main(["triage", " "]) == 0
    nothing = capsys.readouterr()
    assert "category    other" in nothing.out
    assert nothing.err == ""
    few = sentence_of(capsys, "triage", "x", "--earlier-tickets", "-1")
    assert few == "The number of earlier tickets must be 0 or more."


def test_the_example_in_the_page_about_triage_is_what_the_command_prints(
    set_env: Sets, capsys: pytest.CaptureFixture[str]
) -> None:
    set_env()
    example = (
        (train.ROOT / "docs" / "triage.md").read_text(encoding="utf-8").partition("$ baton ")[2].partition("```")[0]
    )
    command, _, shown = example.partition("\n")
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out == shown


def test_training_triage_reads_corrections_and_triage_then_goes_by_what_was_learned(
    set_env: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "labelled"
    folder.mkdir()
    rows = ["the broom fell over,other", "brooms and mops,other", "charged twice,billing", "wrong invoice,billing"]
    (folder / "tickets.csv").write_text("\n".join(["text,category", *rows]), encoding="utf-8")
    monkeypatch.setattr("server.triage_head.LABELLED", folder)
    encoder = Path(os.environ.get("BATON_ENCODER_DIR") or train.ROOT / "var" / "models" / "encoder")
    (tmp_path / "articles").mkdir()
    set_env(BATON_ENCODER_DIR=encoder, BATON_ARTICLES_DIR=tmp_path / "articles")
    asyncio.run(corrected_ticket(tmp_path / "home", "my broom needs a new handle", "projects"))
    assert main(["train", "--triage-only"]) == 0
    printed = capsys.readouterr()
    assert "Training triage: " in printed.err
    assert "learned from 5 labelled tickets, 1 of them corrected by people" in printed.out
    assert printed.out.splitlines()[-1].split() == ["other", "1", "1", "(100%)", "0", "(0%)"]
    assert main(["triage", "charged twice", "--json"]) == 0
    reasons = json.loads(capsys.readouterr().out)["reasons"]
    assert reasons[0].startswith("It reads like earlier tickets about billing (0.")
    (folder / "tickets.csv").write_text("text,category\nx,weather\n", encoding="utf-8")
    assert "tickets.csv:2: 'weather' is no category" in sentence_of(capsys, "train", "--triage-only")
    (tmp_path / "home" / "models" / "triage" / "head.npz").write_bytes(b"cut")
    assert "holds no readable triage head" in sentence_of(capsys, "triage", "x")


async def corrected_ticket(home: Path, text: str, category: str) -> None:
    home.mkdir()
    database = Database.open(f"sqlite:///{home / 'baton.db'}")
    await migrate(database)
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    async with database.write() as tx:
        ticket = await ticketing.open_ticket(
            tx, subject=text, text=text, triage=triage(TriageRequest(text)), source="widget", at=at
        )
        await ticketing.override(tx, ticket.id, "category", category, by="Maya", at=at)
    await database.close()
