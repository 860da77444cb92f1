"""`baton run`: whatever keeps a start away is one sentence that says what to do, and status 2."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.replica import held_home
from tests.server.settings_of_commands import Sets, free_port, sentence_of


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
