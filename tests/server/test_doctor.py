"""`baton doctor`: every part of this machine that is missing or wrong has a line that says what to do, and the status tells programs."""

from __future__ import annotations

import io
import json
import socket
import tarfile
import threading
from pathlib import Path

import pytest

from server.command import main
from server.commands import doctor
from server.replica import held_home
from server.settings import Settings
from tests.server.settings_of_commands import Sets, finding, free_port


def test_everything_is_looked_at_and_one_fault_does_not_hide_the_next(
    set_env: Sets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "bad.md").write_text("---\ntitle: [\n---\ntext\n")
    set_env(
        BATON_ARTICLES_DIR=tmp_path / "articles",
        BATON_BOT_PYTHON=tmp_path / "python",
        BATON_PORT=free_port(),
        BATON_BOT_PORT=free_port(),
        REDIS_URL="unix:///nonexistent/redis.sock",
    )
    assert main(["doctor", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["well"] is False
    words = {one["part"]: one["words"] for one in found["findings"]}
    well = {one["part"]: one["well"] for one in found["findings"]}
    assert words["articles"].startswith("1 of 1 are broken. The first: bad.md:2: ")
    assert "make setup" in words["bot environment"]
    assert "REDIS_URL" in words["redis"]
    assert words["service"] == "not running"
    assert (well["python"], well["database"], well["encoder"]) == (True, True, False)
    assert main(["doctor"]) == 2
    assert "FAIL" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_somebody_else_on_the_port_is_no_service_and_in_its_way(set_env: Sets, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer_once() -> None:
            asked, _ = other.accept()
            with asked:
                asked.recv(4096)
                asked.sendall(answer)

        answering = threading.Thread(target=answer_once)
        answering.start()
        set_env(BATON_PORT=other.getsockname()[1])
        found = finding("service")
        answering.join()
    assert not found.well
    assert "is in use. Stop what uses it, or set BATON_PORT" in found.words


def test_what_may_not_be_looked_at_is_said(set_env: Sets, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    python = tmp_path / "python"
    python.touch()
    set_env(BATON_HOME=tmp_path / "file" / "home", BATON_BOT_PYTHON=python, BATON_PORT=free_port())
    findings = {one.part: one for one in doctor.examine(Settings())}
    for part in ("disk", "bot environment"):
        assert not findings[part].well
        assert findings[part].words.startswith("It cannot be looked at: ")
    assert "Not a directory" in findings["disk"].words


def test_folders_that_are_not_there_are_reported(set_env: Sets, capsys: pytest.CaptureFixture[str]) -> None:
    set_env(
        BATON_ARTICLES_DIR="/nonexistent/articles", BATON_ENCODER_DIR="/nonexistent/encoder", BATON_PORT=free_port()
    )
    assert main(["doctor", "--json"]) == 2
    found = {one["part"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert not found["articles"]["well"]
    assert found["articles"]["words"].startswith("There is no folder /nonexistent/articles to read articles from.")
    assert not found["encoder"]["well"]
    assert "/nonexistent/encoder" in found["encoder"]["words"]


def test_an_article_that_is_not_utf_8_is_reported(set_env: Sets, tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "latin.md").write_bytes("---\ntitle: Über\n---\ntext\n".encode("latin-1"))
    set_env(BATON_ARTICLES_DIR=tmp_path / "articles")
    found = finding("articles")
    assert not found.well
    assert found.words.startswith("1 of 1 are broken. The first: latin.md:")


def write_archive(path: Path, **files: object) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            written = json.dumps(content).encode()
            info = tarfile.TarInfo(f"{name}.json")
            info.size = len(written)
            archive.addfile(info, io.BytesIO(written))


def test_a_model_archive_is_reported_that_is_broken_cut_off_or_of_another_rasa(set_env: Sets, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 3.6.21\n")
    python.chmod(0o755)
    whole = tmp_path / "whole.tar.gz"
    write_archive(whole, metadata={"rasa_open_source_version": "3.6.21", "domain": list(range(5000))})
    (tmp_path / "junk.tar.gz").write_text("no archive")
    (tmp_path / "cut.tar.gz").write_bytes(whole.read_bytes()[:-2000])
    write_archive(tmp_path / "strange.tar.gz", other={})
    write_archive(tmp_path / "old.tar.gz", metadata={"rasa_open_source_version": "3.5.0"})
    for name, says in (
        ("junk", "is broken, or no assistant at all. Run baton train."),
        ("cut", "is broken, or no assistant at all. Run baton train."),
        ("strange", "is broken, or no assistant at all. Run baton train."),
        ("old", "is of Rasa 3.5.0, and 3.6.21 is to run it. Run baton train."),
        ("whole", ""),
    ):
        set_env(BATON_BOT_MODEL=tmp_path / f"{name}.tar.gz", BATON_BOT_PYTHON=python)
        found = finding("assistant")
        assert found.well is (says == ""), name
        assert says in found.words


def test_a_service_that_has_the_home_and_does_not_answer_is_reported(set_env: Sets, tmp_path: Path) -> None:
    set_env(BATON_PORT=free_port(), BATON_BOT_PORT=free_port())
    with held_home(tmp_path / "home"):
        found = finding("service")
    assert not found.well
    assert found.words.startswith(f"Baton runs already with the home {tmp_path / 'home'}")
