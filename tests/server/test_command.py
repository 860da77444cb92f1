"""The `baton` command: prints for people and programs, and every error is one sentence and status 2."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from server.command import build_parser, main
from server.commands import train
from server.commands.output import print_table, step
from server.failures import why_not
from server.settings import ROOT, Settings
from tests.server.settings_of_commands import Sets, free_port, sentence_of


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


@pytest.mark.parametrize("limit", ["0", "1001", "99999999999999999999"])
def test_reviews_are_listed_in_a_number_that_can_be_read(
    set_env: Sets, capsys: pytest.CaptureFixture[str], limit: str
) -> None:
    set_env()
    assert sentence_of(capsys, "report", "reviews", "--limit", limit) == "limit must be between 1 and 1000."


def test_search_without_an_encoder_says_how_to_make_one(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "articles").mkdir()
    set_env(BATON_ARTICLES_DIR=tmp_path / "articles")
    assert "core.export" in sentence_of(capsys, "search", "invoices")
    set_env(BATON_ARTICLES_DIR=tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in sentence_of(capsys, "search", "invoices")


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
