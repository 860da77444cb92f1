"""`baton import` as it is run: what it prints, its status, and an index that somebody else holds."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from core.clock import FrozenClock
from core.database import Database
from knowledge.articles import Viewer
from knowledge.importing.importer import import_articles
from knowledge.index import KnowledgeIndex
from knowledge.tables import indexed_articles
from knowledge.vectors import COLLECTIONS, VectorStore
from server import background
from server.command import main
from server.commands import import_articles as command
from server.settings import ROOT, Settings
from tests.knowledge.conftest import WordsEncoder

Run = Callable[..., dict[str, Any]]
ENCODER = Path(os.environ.get("BATON_ENCODER_DIR") or ROOT / "var" / "models" / "encoder")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two articles and one that is broken."""
    made = tmp_path / "docs"
    made.mkdir()
    (made / "cards.md").write_text("# Cards\n\nWe take visa.")
    (made / "plans.md").write_text("# Plans\n\nThe price.")
    (made / "broken.md").write_text("---\ntitle: [\n---\nText")
    return made


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in a home of its own, without an encoder unless the index is what is tested."""
    for field, info in Settings.model_fields.items():
        monkeypatch.delenv(str(info.validation_alias or f"BATON_{field.upper()}"), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BATON_ENCODER_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("BATON_PORT", "1")

    def run(*arguments: object, status: int = 0) -> dict[str, Any]:
        assert main(["import", *map(str, arguments), "--json"]) == status
        printed: dict[str, Any] = json.loads(capsys.readouterr().out)
        return printed

    return run


def test_an_import_tells_what_it_did_and_the_next_one_that_nothing_has_changed(imported: Run, folder: Path) -> None:
    first = imported(folder)
    assert (first["read"], first["added"], first["formats"]) == (2, 2, {"markdown": 2})
    assert [(one["file"], one["line"]) for one in first["broken"]] == [("broken.md", 2)]
    assert first["index"]["by"] == "nobody"
    assert "words alone" in first["index"]["note"]
    again = imported(folder)
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 2)


def test_what_may_not_be_as_it_is_taken_to_be_is_told(
    imported: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "cards.md").write_text("# Cards\n\nAs in [fees](fees.md).\n\n" + "a " * 50_000)
    (folder / "plans.md").write_text("# Plans\n\n" + "b" * 99_999)
    (folder / "solutions.json").write_text('[{"id": 1, "folder_id": 4, "title": "A", "description": "B", "status": 2}]')
    assert main(["import", str(folder), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "Links to what is not imported were left as they are (1): cards.md to fees.md\n" in printed
    assert "Longer than the desk can edit, 100,000 characters (1): cards.md:1, 100,024. " in printed
    assert "1 came in for staff alone, as nothing says who may see them. " in printed
    for untold in (1, 0):  # an editor may have told it by the next time
        told = imported(folder)
        assert told["links_left"] == [{"file": "cards.md", "to": "fees.md"}]
        assert told["too_long"] == [{"file": "cards.md", "line": 1, "characters": 100_024}]
        assert told["visibility_untold"] == untold


def test_people_are_told_in_words(imported: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(folder), "--dry-run"]) == 0
    assert "Nothing was written" in capsys.readouterr().out
    assert main(["import", str(folder)]) == 0
    printed = capsys.readouterr()
    assert "Read 2 markdown: 2 new, 0 updated, 0 unchanged, 0 kept, 1 broken" in printed.out
    assert "broken: broken.md:2: the front matter is not YAML" in printed.err
    assert main(["import", str(folder)]) == 0
    assert "Nothing has changed since the last import." in capsys.readouterr().out


def test_nothing_that_could_be_read_is_status_2(
    imported: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "binary.bin").write_bytes(b"\x00\x01")
    assert imported(tmp_path / "binary.bin", status=2)["skipped"] == ["binary.bin"]
    (tmp_path / "bad.json").write_text('{"articles": [')
    assert imported(tmp_path / "bad.json", status=2)["broken"][0]["line"] == 1
    assert main(["import", str(tmp_path / "gone")]) == 2
    assert "There is no file or folder" in capsys.readouterr().err
    assert main(["import", str(tmp_path), "--source", " "]) == 2
    assert main(["import", "x" * 300]) == 2
    assert "cannot be imported: File name too long." in capsys.readouterr().err


def test_an_empty_path_is_not_the_folder_that_one_stands_in(
    imported: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        main(["import", ""])
    assert ended.value.code == 2
    assert "name a folder or a file" in capsys.readouterr().err


@pytest.mark.skipif(not (ENCODER / "encoder.json").exists(), reason="the encoder is not exported")
def test_an_index_that_another_process_holds_is_left_to_it(
    imported: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_ENCODER_DIR", str(ENCODER))
    held = VectorStore(tmp_path / "home" / "chroma")
    held.open()
    try:
        monkeypatch.setattr(command, "PATIENCE", 0.0)
        alone = imported(folder)
        assert (alone["added"], alone["index"]["by"]) == (2, "nobody")
        assert "in use by another process" in alone["index"]["note"]

        held.close()
        held.open(stays=True)
        beside = imported(folder)
        assert beside["index"]["by"] == "service"
        assert "takes the changes into it" in beside["index"]["note"]
    finally:
        held.close()
    after = imported(folder)
    assert (after["unchanged"], after["index"]["by"], after["index"]["articles"]) == (2, "import", 2)


async def test_the_service_indexes_what_is_imported_beside_it(
    database: Database, clock: FrozenClock, tmp_path: Path, folder: Path
) -> None:
    index = KnowledgeIndex(database, WordsEncoder(), tmp_path / "index")
    await index.open()
    try:
        seen = await background.catch_up(database, index, -1)
        assert await background.catch_up(database, index, seen) == seen
        await import_articles(database, folder, clock)
        later = await background.catch_up(database, index, seen)
        assert later > seen
        async with database.read() as reader:
            assert (await reader.execute(sa.select(sa.func.count()).select_from(indexed_articles))).scalar_one() == 2
    finally:
        await index.close()


async def test_an_index_that_broke_and_could_not_be_made_anew_is_tried_again(
    database: Database, clock: FrozenClock, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    await import_articles(database, folder, clock)
    index = KnowledgeIndex(database, WordsEncoder(), tmp_path / "index")
    await index.open()
    try:
        seen = await background.catch_up(database, index, -1)
        for part in COLLECTIONS:
            index._store._client.delete_collection(f"{part}-g1")  # type: ignore[union-attr]
        with capture_logs() as logs, monkeypatch.context() as patched:
            patched.setattr(index._store, "start_afresh", full)
            assert await index.search("visa", Viewer.STAFF, 5) is None
            assert index._repairs is not None
            await asyncio.wait([index._repairs])
        assert "knowledge_index_not_repaired" in [one["event"] for one in logs]
        assert index.state == "closed"
        assert await background.catch_up(database, index, seen) == seen
        assert await index.search("visa", Viewer.STAFF, 5)
    finally:
        await index.close()


def test_a_service_beside_is_named_only_where_it_has_changes_to_take(
    imported: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def held(*_: object) -> dict[str, Any]:
        return {"by": "service", "articles": 0, "passages": 0, "note": "The running service takes the changes."}

    monkeypatch.setattr(command, "_index", held)
    assert main(["import", str(folder)]) == 0
    assert "The running service takes the changes." in capsys.readouterr().out
    assert main(["import", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "Nothing has changed since the last import." in printed
    assert "The running service" not in printed
