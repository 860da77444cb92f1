"""The vectors follow SQL, survive what can happen to a folder, and belong to one process."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import multiprocessing
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from core.database import Database
from core.errors import ConfigurationError
from knowledge import copies
from knowledge.articles import Viewer
from knowledge.index import KnowledgeIndex
from knowledge.store import remove_article
from knowledge.tables import passages
from knowledge.vectors import COLLECTIONS, HOLDING, SEEN, VectorStore
from tests.knowledge.conftest import WordsEncoder, keep, make_article


@asynccontextmanager
async def opened(database: Database, encoder: WordsEncoder, folder: Path) -> AsyncIterator[KnowledgeIndex]:
    index = KnowledgeIndex(database, encoder, folder)
    await index.open()
    try:
        yield index
    finally:
        await index.close()


async def found(database: Database, index: KnowledgeIndex, question: str, viewer: Viewer = Viewer.STAFF) -> list[str]:
    """The slugs of the passages nearest to a question, nearest first."""
    hits = await index.search(question, viewer, 10)
    assert hits is not None
    async with database.read() as reader:
        rows = await reader.execute(sa.select(passages.c.id, passages.c.article_id))
        owners = {row.id: row.article_id for row in rows}
    return list(dict.fromkeys(owners[hit] for hit, _ in hits if hit in owners))


async def test_an_index_holds_what_sql_holds(database: Database, words_encoder: WordsEncoder, tmp_path: Path) -> None:
    await keep(database, make_article("cards", "visa mastercard"), make_article("okta", "saml login"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        assert index.state == "closed"
        assert await index.search("visa", Viewer.STAFF, 5) is None
        assert (await index.refresh()).indexed == 2
        assert index.state == "ready"
        assert (await found(database, index, "saml login"))[0] == "okta"


async def test_only_what_changed_is_embedded_again(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    cards = make_article("cards", "visa\n\n## More\n\nmastercard")
    await keep(database, cards, make_article("okta", "saml login"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
        words_encoder.encoded.clear()
        assert (await index.refresh()).indexed == 0
        await keep(database, make_article("cards", "visa\n\n## More\n\namex"))
        report = await index.refresh()
        assert (report.indexed, report.embedded) == (1, 1)
        assert words_encoder.encoded == ["Cards\nMore\namex"]
        assert (await found(database, index, "amex"))[0] == "cards"


async def test_the_index_is_there_after_a_restart(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    await keep(database, make_article("cards", "visa mastercard"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
    words_encoder.encoded.clear()
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        assert index.state == "ready"
        assert (await index.refresh()).embedded == 0
        assert await found(database, index, "visa") == ["cards"]


async def test_what_is_removed_or_unpublished_is_forgotten(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    await keep(database, make_article("cards", "visa"), make_article("okta", "saml"), make_article("plan", "price"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
        async with database.write() as tx:
            await remove_article(tx, "cards")
        await keep(database, make_article("plan", "price", status="draft"))
        assert (await index.refresh()).removed == 2
        hits = await index.search("visa", Viewer.STAFF, 10)
        assert hits is not None
        assert len(hits) == 1


def test_each_viewer_searches_collections_that_hold_all_they_may_see_once_and_nothing_else() -> None:
    for viewer in Viewer:
        searched = sorted(level for level, parts in enumerate(HOLDING) for part in parts if part in SEEN[viewer])
        assert searched == list(range(viewer + 1))


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(("public", "authenticated", "internal"), 2)))
async def test_a_change_of_visibility_moves_the_vectors(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path, before: str, after: str
) -> None:
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        for level in (before, after):
            await keep(database, make_article("cards", "visa", visibility=level), make_article("okta", "saml"))
            await index.refresh()
            allowed = Viewer(("public", "authenticated", "internal").index(level))
            for viewer in Viewer:
                seen = ["cards", "okta"] if viewer >= allowed else ["okta"]
                assert await found(database, index, "visa", viewer) == seen


async def test_vectors_that_another_version_divided_otherwise_are_made_anew(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    await keep(database, make_article("cards", "visa"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
    described = tmp_path / "ix" / "index.json"
    said = json.loads(described.read_text())
    del said["current"]["layout"]
    described.write_text(json.dumps(said))
    with capture_logs() as logs:
        async with opened(database, words_encoder, tmp_path / "ix") as index:
            assert index.state == "closed"
            assert (await index.refresh()).embedded == 1
            assert await found(database, index, "visa", Viewer.CUSTOMER) == ["cards"]
    assert "divided its vectors otherwise" in logs[0]["problem"]


async def test_levels_too_large_to_be_copied_are_searched_as_their_copies_are(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = ("public", "authenticated", "internal")
    await keep(database, *(make_article(one, f"visa {one}", visibility=one) for one in levels))
    answers = []
    for few in (copies.FEW, 0):
        monkeypatch.setattr(copies, "FEW", few)
        async with opened(database, words_encoder, tmp_path / "ix") as index:
            await index.refresh()
            answers.append([await index.search("visa internal", viewer, 10) or [] for viewer in Viewer])
    copied, asked = answers
    assert [len(hits) for hits in asked] == [1, 2, 3]
    for one, other in zip(copied, asked, strict=True):
        assert dict(one) == pytest.approx(dict(other), abs=1e-5)


async def test_a_search_during_a_rebuild_is_answered_from_the_old_index(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    await keep(database, *(make_article(f"a-{n}", f"word{n}") for n in range(70)))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
        answers: list[asyncio.Task[list[str]]] = []
        await index.rebuild(
            lambda done, _all: (
                answers.append(asyncio.create_task(found(database, index, "word7"))) if done == 64 else None
            )
        )
        assert [(await answer)[0] for answer in answers] == ["a-7"]
        assert (await found(database, index, "word7"))[0] == "a-7"


async def test_a_search_that_a_rebuild_overtakes_is_answered_from_the_new_index(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    await keep(database, make_article("cards", "visa"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
        loop, spared, asked = asyncio.get_running_loop(), index._nearest, []

        def overtaken(*about: Any) -> list[tuple[int, float]]:
            asked.append(about)
            if len(asked) == 1:
                asyncio.run_coroutine_threadsafe(index.rebuild(), loop).result(60)
            return spared(*about)

        index._nearest = overtaken  # type: ignore[method-assign]
        assert await found(database, index, "visa") == ["cards"]
        assert len(asked) == 2


async def test_another_model_makes_another_index_and_old_vectors_are_never_compared_with_it(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    await keep(database, make_article("cards", "visa"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
    async with opened(database, WordsEncoder("words-2"), tmp_path / "ix") as index:
        assert index.state == "closed"
        assert await index.search("visa", Viewer.STAFF, 5) is None
        assert (await index.refresh()).embedded == 1
        assert await found(database, index, "visa") == ["cards"]


async def test_a_build_that_was_killed_goes_on_where_it_stopped(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    await keep(database, *(make_article(f"a-{n}", f"word{n}") for n in range(70)))

    def stop(done: int, _all: int) -> None:
        raise KeyboardInterrupt

    async with opened(database, words_encoder, tmp_path / "ix") as index:
        with pytest.raises(KeyboardInterrupt):
            await index.refresh(stop)
    words_encoder.encoded.clear()
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        assert (await index.refresh()).embedded == 6
        assert len(words_encoder.encoded) == 6
        assert (await found(database, index, "word7"))[0] == "a-7"


async def test_a_corrupt_folder_is_built_again_from_sql_and_the_log_says_so(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    await keep(database, make_article("cards", "visa"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
    (broken,) = (tmp_path / "ix").glob("*/chroma.sqlite3")
    broken.write_bytes(b"this is no database" * 500)
    with capture_logs() as logs:
        async with opened(database, words_encoder, tmp_path / "ix") as index:
            assert (await index.refresh()).embedded == 1
            assert await found(database, index, "visa") == ["cards"]
    assert [one["next"] for one in logs if one["event"] == "knowledge_index_unreadable"] == ["rebuilding from SQL"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"folder_id": "ix_gone", "current": null, "pending": null}'])
async def test_a_folder_whose_description_is_broken_is_built_again(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path, content: str
) -> None:
    await keep(database, make_article("cards", "visa"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
    (tmp_path / "ix" / "index.json").write_text(content)
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
        assert await found(database, index, "visa") == ["cards"]


async def test_an_index_that_breaks_while_it_is_open_is_repaired_and_searched_by_words_meanwhile(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(database, make_article("cards", "visa"))
    async with opened(database, words_encoder, tmp_path / "ix") as index:
        await index.refresh()
        store: VectorStore = index._store
        for part in COLLECTIONS:
            store._client.delete_collection(f"{part}-g1")  # type: ignore[union-attr]
        assert await index.search("visa", Viewer.STAFF, 5) is None
        await index.refresh()
        assert await found(database, index, "visa") == ["cards"]


async def test_closing_does_not_fail_for_a_repair_that_failed(
    database: Database, words_encoder: WordsEncoder, tmp_path: Path
) -> None:
    index = KnowledgeIndex(database, words_encoder, tmp_path / "ix")
    await index.open()
    await index.refresh()
    index._repair("broken")
    index._db = None  # type: ignore[assignment]
    await index.close()
    assert index.state == "closed"


def _hold(folder: str, started: multiprocessing.synchronize.Event, stop: multiprocessing.synchronize.Event) -> None:
    store = VectorStore(Path(folder))
    store.open()
    started.set()
    stop.wait(60)
    store.close()


def test_a_second_process_is_refused_with_a_sentence(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started, stop = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(str(tmp_path / "ix"), started, stop))
    process.start()
    try:
        assert started.wait(60)
        with pytest.raises(ConfigurationError, match=f"in use by another process \\(id {process.pid}\\)"):
            VectorStore(tmp_path / "ix").open()
    finally:
        stop.set()
        process.join(60)
    store = VectorStore(tmp_path / "ix")
    store.open()
    store.close()


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence_and_let_go(tmp_path: Path) -> None:
    lock = tmp_path / "ix" / "lock"
    lock.parent.mkdir()
    lock.symlink_to("/dev/full")
    with pytest.raises(ConfigurationError, match=f"{lock.parent} cannot be used: .*Make it writable"):
        VectorStore(tmp_path / "ix").open()
    lock.unlink()
    store = VectorStore(tmp_path / "ix")
    store.open()
    (tmp_path / "ix" / "index.new").symlink_to("/dev/full")
    with pytest.raises(ConfigurationError, match="cannot be used: No space left on device"):
        store.begin("words-1", 64)
    store.close()


def test_a_file_system_without_locks_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: object, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("knowledge.index_folder.fcntl.flock", refuse)
    with pytest.raises(ConfigurationError, match="cannot be used: No locks available"):
        VectorStore(tmp_path / "ix").open()
