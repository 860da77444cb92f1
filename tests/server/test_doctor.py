"""`baton doctor`: every part that is missing, away or wrong has a line that says what to do, and the status tells programs."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.clock import SystemClock
from core.database import Database
from core.webhook_endpoints import add_endpoint, disable_endpoint
from server.command import main
from server.commands import doctor
from server.migrate import migrate
from server.replica import held_home
from server.settings import Settings
from tests.server.settings_of_commands import Sets, free_port


def finding(part: str) -> doctor.Finding:
    return doctor.look_at(part, Settings())


@contextmanager
def answering(answers: Mapping[str, tuple[int, object]]) -> Iterator[str]:
    """Answer JSON by path, 404 for others; gives the address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, "nothing here"))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(json.dumps(body).encode())

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


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


def test_a_database_that_is_not_there_is_reported_and_one_that_refuses(set_env: Sets, postgresql_url: str) -> None:
    other = sa.make_url(postgresql_url).set(database="nowhere").render_as_string(hide_password=False)
    for url in (f"postgresql://nobody@127.0.0.1:{free_port()}/baton", other):
        set_env(DATABASE_URL=url)
        found = finding("database")
        assert not found.well
        assert "DATABASE_URL" in found.words


def test_a_chroma_server_is_reported_that_is_not_there_or_is_something_else(set_env: Sets) -> None:
    heartbeat = {"/api/v2/heartbeat": (200, {"nanosecond heartbeat": 1})}
    with answering({}) as other, answering(heartbeat) as chroma:
        for url, well in ((f"http://user:word@127.0.0.1:{free_port()}", False), (other, False), (chroma, True)):
            set_env(CHROMA_URL=url)
            found = finding("vectors")
            assert found.well is well
            assert well or "check CHROMA_URL" in found.words
            assert "word" not in found.words


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"/webhooks/baton/ready": (200, {"ready": True})}, ""),
        ({"/webhooks/baton/ready": (503, {"ready": False})}, "has no model yet"),
        ({"/webhooks/baton/ready": (401, "unauthorised")}, "BATON_BOT_TOKEN is its token"),
        ({}, "check RASA_URLS"),
    ],
)
def test_each_rasa_server_is_asked_and_the_bots_environment_is_not_needed_then(
    set_env: Sets, answers: Mapping[str, tuple[int, object]], says: str
) -> None:
    with answering({"/webhooks/baton/ready": (200, {"ready": True})}) as first, answering(answers) as second:
        set_env(RASA_URLS=f"{first},{second}", BATON_BOT_TOKEN="x" * 32, BATON_BOT_PYTHON="/nonexistent/python")
        found = finding("assistant")
    assert found.well is (says == "")
    assert says in found.words
    assert finding("bot environment").well


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


def test_a_redis_that_answers_and_takes_nothing_is_reported(set_env: Sets) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse_everything() -> None:
            asked, _ = server.accept()
            with asked:
                while said := asked.recv(4096):
                    asked.sendall(b"-READONLY You can't write against a read only replica.\r\n" * said.count(b"*"))

        refusing = threading.Thread(target=refuse_everything)
        refusing.start()
        set_env(REDIS_URL=f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        found = finding("redis")
        refusing.join()
    assert not found.well
    assert "read only replica" in found.words
    assert "Check REDIS_URL." in found.words


async def prepare(settings: Settings, *urls: str) -> list[str]:
    """Bring a database to the newest schema and add endpoints; returns their ids."""
    database = Database.open(settings.database)
    await migrate(database)
    async with database.write() as tx:
        added = [await add_endpoint(tx, url, ["*"], "", at=SystemClock().now()) for url in urls]
    await database.close()
    return [endpoint.id for endpoint, _ in added]


async def change(settings: Settings, statement: str) -> None:
    database = Database.open(settings.database)
    async with database.write() as tx:
        await tx.execute(sa.text(statement))
    await database.close()


def test_a_database_of_a_newer_version_is_reported_and_an_older_one_is_brought_on(
    set_env: Sets, tmp_path: Path
) -> None:
    set_env()
    (tmp_path / "home").mkdir()
    asyncio.run(prepare(Settings()))
    asyncio.run(change(Settings(), "UPDATE alembic_version SET version_num = '0001'"))
    older = finding("database")
    assert older.well
    assert "schema 0001; the next start brings it to" in older.words
    asyncio.run(change(Settings(), "UPDATE alembic_version SET version_num = '9999'"))
    newer = finding("database")
    assert not newer.well
    assert "is of a newer version (schema 9999," in newer.words


def test_a_clock_that_is_off_is_reported_before_it_keeps_a_start_away(
    set_env: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def skew(*_: object) -> timedelta:
        return timedelta(seconds=-20)

    monkeypatch.setattr("server.commands.within_reach.skew_of", skew)
    set_env()
    found = finding("database")
    assert not found.well
    assert found.words == "This machine's clock is 20 s behind the database server's. Set both by NTP."


def test_receivers_of_webhooks_are_called_and_those_that_do_not_answer_reported(set_env: Sets, tmp_path: Path) -> None:
    set_env()
    (tmp_path / "home").mkdir()
    assert finding("webhooks").words == "none yet"
    with answering({}) as receiver:
        asyncio.run(prepare(Settings(), f"{receiver}/secret-path"))
        assert finding("webhooks").well
        gone = f"http://127.0.0.1:{free_port()}"
        (added,) = asyncio.run(prepare(Settings(), f"{gone}/secret-path"))
        found = finding("webhooks")
        assert not found.well
        assert found.words.startswith(f"{gone} does not answer (")
        assert found.words.endswith("Mend it, or switch it off at the desk (Webhooks).")
        assert "secret-path" not in found.words
        asyncio.run(
            change(Settings(), f"UPDATE webhook_endpoints SET url = 'https://169.254.169.254/' WHERE id = '{added}'")
        )
        assert finding("webhooks").words.startswith("https://169.254.169.254 is not called: The address is link-local")
        asyncio.run(switch_off(Settings(), added))
        assert "is switched off: The receiver answered 410 Gone." in finding("webhooks").words


async def switch_off(settings: Settings, endpoint_id: str) -> None:
    database = Database.open(settings.database)
    async with database.write() as tx:
        await disable_endpoint(tx, endpoint_id, "The receiver answered 410 Gone.")
    await database.close()


def test_a_running_service_with_a_part_away_is_reported_with_where_to_look(set_env: Sets) -> None:
    for parts, says in (
        (
            {"database": "ready", "bot": "down"},
            "It runs, but the assistant is down: see RASA_URLS, or logs/rasa.log in the home.",
        ),
        ({"database": "ready", "bot": "starting"}, ""),
    ):
        with answering({"/readyz": (503, {"ready": False, "parts": parts})}) as url:
            set_env(BATON_PORT=url.rpartition(":")[2])
            found = finding("service")
        assert found.well is (says == "")
        assert says in found.words


def test_a_service_that_has_the_home_and_does_not_answer_is_reported(set_env: Sets, tmp_path: Path) -> None:
    set_env(BATON_PORT=free_port(), BATON_BOT_PORT=free_port())
    with held_home(tmp_path / "home"):
        found = finding("service")
    assert not found.well
    assert found.words.startswith(f"Baton runs already with the home {tmp_path / 'home'}")
