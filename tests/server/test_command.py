"""The `baton` command: prints for people and programs, and every error is one sentence and status 2."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shlex
import socket
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from core.database import Database
from server.command import build_parser, main
from server.commands import train
from server.commands.output import print_table, step
from server.failures import why_not
from server.migrate import migrate
from server.replica import held_home
from server.settings import ROOT, Settings
from tests.server.settings_of_commands import Sets, free_port
from tickets import ticketing
from tickets.triage import TriageRequest, triage


def sentence_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    (line,) = [line for line in printed.err.splitlines() if line.startswith("baton: ")]
    assert "Traceback" not in printed.err
    return line.removeprefix("baton: ")


def test_every_part_has_a_help_and_json_where_it_prints_results(capsys: pytest.CaptureFixture[str]) -> None:
    parser = build_parser()
    for part in ("run", "train", "import", "search", "triage", "doctor"):
        with pytest.raises(SystemExit) as ended:
            parser.parse_args([part, "--help"])
        assert ended.value.code == 0
        assert ("--json" in capsys.readouterr().out) == (part != "run")


def test_a_reader_that_has_seen_enough_ends_a_command_quietly() -> None:
    command = [sys.executable, "-m", "server.command", "doctor"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read().decode()
    assert running.returncode == 141
    assert "BrokenPipe" not in said


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], "COMMAND"),
        (["dance"], "'dance'"),
        (["search"], "question"),
        (["search", "x", "--limit", "many"], "--limit"),
        (["search", "x", "--loud"], "--loud"),
        (["report", "weather"], "'weather'"),
    ],
)
def test_a_command_line_that_is_wrong_is_one_line_that_names_it_and_status_2(
    arguments: list[str], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("baton: ")
    assert names in line
    assert "--help tells what there is." in line


def test_a_setting_that_is_wrong_is_one_sentence(set_env: Sets, capsys: pytest.CaptureFixture[str]) -> None:
    set_env(BATON_PORT="x")
    assert sentence_of(capsys, "run").startswith("A setting is wrong. BATON_PORT: ")


def test_a_home_that_cannot_be_written_is_one_sentence_that_says_what_to_do(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    set_env(BATON_HOME=tmp_path / "file" / "home", BATON_PORT=free_port(), BATON_BOT_PORT=free_port())
    assert sentence_of(capsys, "run") == (
        f"{tmp_path}/file/home cannot be written: Not a directory. Set BATON_HOME to another folder."
    )


def test_a_second_service_on_the_same_home_is_one_sentence_whatever_its_ports(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    set_env(BATON_PORT=free_port(), BATON_BOT_PORT=free_port())
    with held_home(home):
        assert sentence_of(capsys, "run") == (
            f"Baton runs already with the home {home} (process {os.getpid()}). Stop that one first, or set BATON_HOME to another "
            "folder: replicas have one each."
        )


def test_a_port_in_use_is_one_sentence(set_env: Sets, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        set_env(BATON_PORT=port)
        assert f"Port {port} on 127.0.0.1 is in use" in sentence_of(capsys, "run")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"REDIS_URL": "http://x"}, "REDIS_URL"),
        ({"BATON_POLICIES_FILE": "/nonexistent/policies.yml"}, "/nonexistent/policies.yml"),
        ({"BATON_BOT_PYTHON": "/nonexistent/python"}, "Run make setup."),
        ({"BATON_BOT_MODEL": "/nonexistent/model.tar.gz"}, "BATON_BOT_MODEL"),
        ({}, "Run baton train, or make setup."),
    ],
)
def test_a_start_that_cannot_be_is_one_sentence_that_names_what_is_missing(
    set_env: Sets, capsys: pytest.CaptureFixture[str], values: dict[str, str], says: str, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.touch()
    set_env(**{"BATON_PORT": free_port(), "BATON_BOT_PORT": free_port(), "BATON_BOT_PYTHON": python, **values})
    assert says in sentence_of(capsys, "run")
    assert "First admin" not in capsys.readouterr().out


def test_a_database_that_is_none_is_one_sentence(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "baton.db").write_bytes(b"no database at all, but long enough to be looked at. " * 100)
    set_env(BATON_PORT=free_port(), BATON_BOT_PORT=free_port())
    assert sentence_of(capsys, "run") == (
        "The database is broken (file is not a database). Put a backup in its place; docs/operations.md tells how."
    )


def test_a_postgresql_that_refuses_or_is_not_there_is_one_sentence(
    set_env: Sets, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = sa.make_url(postgresql_url).set(database="nowhere").render_as_string(hide_password=False)
    set_env(BATON_PORT=free_port(), BATON_BOT_PORT=free_port(), DATABASE_URL=other)
    assert sentence_of(capsys, "run") == (
        'The database cannot be reached (database "nowhere" does not exist). Check DATABASE_URL.'
    )
    set_env(DATABASE_URL=f"postgresql://baton:secret@127.0.0.1:{free_port()}/baton")
    refused = sentence_of(capsys, "run")
    assert "Check DATABASE_URL" in refused
    assert "secret" not in refused


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")),
        DBAPIError("INSERT", {}, OSError(errno.ENOSPC, "No space left on device")),
    ],
)
def test_a_full_disk_is_one_sentence_however_it_is_told(error: Exception, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, home=tmp_path)
    assert why_not(error, settings) == f"The disk is full: free some space under {tmp_path}."


def test_a_mistake_of_our_own_is_not_blamed_on_the_machine(tmp_path: Path) -> None:
    assert why_not(KeyError("x"), Settings(_env_file=None, home=tmp_path)) is None


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
    assert sentence_of(capsys, "triage", "x", "--mrr", "-1") == "Monthly revenue must be a number of 0 or more."
    few = sentence_of(capsys, "triage", "x", "--earlier-tickets", "-1")
    assert few == "The number of earlier tickets must be 0 or more."


@pytest.mark.parametrize("limit", ["0", "1001", "99999999999999999999"])
def test_reviews_are_listed_in_a_number_that_can_be_read(
    set_env: Sets, capsys: pytest.CaptureFixture[str], limit: str
) -> None:
    set_env()
    assert sentence_of(capsys, "report", "reviews", "--limit", limit) == "limit must be between 1 and 1000."


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


def test_search_without_an_encoder_says_how_to_make_one(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "articles").mkdir()
    set_env(BATON_ARTICLES_DIR=tmp_path / "articles")
    assert "core.export" in sentence_of(capsys, "search", "invoices")
    set_env(BATON_ARTICLES_DIR=tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in sentence_of(capsys, "search", "invoices")


def test_a_start_without_its_database_is_one_sentence_that_names_the_setting(
    set_env: Sets, capsys: pytest.CaptureFixture[str]
) -> None:
    set_env(
        DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/baton",
        REDIS_URL="unix:///nonexistent/redis.sock",
        BATON_PORT=free_port(),
        BATON_BOT_PORT=free_port(),
    )
    assert sentence_of(capsys, "run") == "The database cannot be reached (Connection refused). Check DATABASE_URL."


WITH_A_DATABASE = (
    ["report", "searches"],
    ["report", "sla"],
    ["report", "reviews"],
    ["sla", "FH-1001"],
    ["search", "invoices"],
    ["import", "articles"],
)


@pytest.mark.parametrize("arguments", WITH_A_DATABASE, ids=" ".join)
def test_a_command_whose_database_will_not_do_says_so_in_one_sentence(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (tmp_path / "articles").mkdir()
    set_env(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/baton")
    assert sentence_of(capsys, *arguments) == "The database cannot be reached (Connection refused). Check DATABASE_URL."
    (tmp_path / "broken.db").write_bytes(b"no database at all, but long enough to be looked at. " * 100)
    set_env(DATABASE_URL=f"sqlite:///{tmp_path}/broken.db")
    assert sentence_of(capsys, *arguments).startswith("The database is broken (file is not a database). ")


def test_training_without_the_bots_environment_says_what_to_run(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "encoder.json").write_text("{}")
    set_env(BATON_BOT_PYTHON=tmp_path / "python", BATON_ENCODER_DIR=tmp_path / "encoder")
    assert "Run make setup." in sentence_of(capsys, "train")


def test_training_that_rasa_refuses_is_status_2_and_leaves_no_model(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refusing = tmp_path / "python"
    refusing.write_text("#!/bin/sh\necho 'The domain is missing a response.' >&2\nexit 1\n")
    refusing.chmod(0o755)
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "encoder.json").write_text("{}")
    set_env(BATON_BOT_PYTHON=refusing, BATON_ENCODER_DIR=tmp_path / "encoder", BATON_TUNE_ENCODER="false")
    assert "what Rasa refused stands above" in sentence_of(capsys, "train", "--json")
    assert list((tmp_path / "home" / "models").rglob("*.tar.gz")) == []


def test_the_command_is_installed_and_answers() -> None:
    baton = Path(train.ROOT) / ".venv" / "bin" / "baton"
    done = subprocess.run([baton, "--help"], capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0
    assert "COMMAND" in done.stdout


def test_tables_are_as_wide_as_their_cells_and_steps_say_how_long_they_took(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table([("1", "a long cell"), ("22", "b")], headings=("n", "what"))
    assert capsys.readouterr().out == "n   what\n1   a long cell\n22  b\n"
    with step("Waiting"):
        pass
    assert capsys.readouterr().err == "  Waiting …\n  Waiting: 0.0 s\n"


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
