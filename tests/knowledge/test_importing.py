"""Imports go in once, follow what changes there, keep what editors did here, and say what is wrong with the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.clock import FrozenClock
from core.database import Database
from core.errors import ConfigurationError
from knowledge import versions
from knowledge.article_files import write_article
from knowledge.articles import Viewer, Visibility
from knowledge.history import list_versions, read_version
from knowledge.importing.importer import import_articles
from knowledge.seed import sync_folder
from knowledge.store import get_article, list_articles
from tests.knowledge.conftest import AT, keep, make_article
from tests.knowledge.exports import export, listed, what, zendesk

NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def test_importing_again_changes_nothing_and_says_so(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = export(tmp_path / "articles.json", [zendesk(n) for n in range(450)])
    told: list[tuple[int, int]] = []
    report = await import_articles(database, path, clock, progress=lambda done, every: told.append((done, every)))
    assert what(report) == {"added": 450}
    assert told == [(200, 450), (400, 450), (450, 450)]
    again = await import_articles(database, path, clock)
    assert (what(again), again.changed) == ({"unchanged": 450}, 0)
    async with database.read() as reader:
        (one, *_) = await list_articles(reader, Viewer.STAFF)
        assert len(await list_versions(reader, one.id)) == 1


async def test_a_changed_article_becomes_a_new_version_at_the_same_address(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    await import_articles(database, export(tmp_path / "a.json", [zendesk(1), zendesk(2)]), clock)
    changed = export(tmp_path / "a.json", [zendesk(1), zendesk(2, title="Another title")])
    assert what(await import_articles(database, changed, clock)) == {"unchanged": 1, "updated": 1}
    async with database.read() as reader:
        article = await get_article(reader, "article-2", Viewer.ANONYMOUS)
        history = await list_versions(reader, article.id)
        before = await read_version(reader, article.id, 1)
    assert [(one.number, one.by, one.changed) for one in history] == [(2, "import", ("title",)), (1, "import", ())]
    assert (article.title, before.article.title) == ("Another title", "Article 2")


async def test_new_votes_and_dates_alone_make_no_version(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    await import_articles(database, export(tmp_path / "a.json", [zendesk(1)]), clock)
    later = export(tmp_path / "a.json", [zendesk(1, vote_sum=9, vote_count=9, updated_at="2026-01-01T00:00:00Z")])
    assert what(await import_articles(database, later, clock)) == {"unchanged": 1}


async def test_an_editors_change_is_kept_unless_it_is_to_be_written_over(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = export(tmp_path / "a.json", [zendesk(1)])
    await import_articles(database, path, clock)
    async with database.write() as tx:
        article = await get_article(tx.connection, "article-1", Viewer.STAFF)
        edited = make_article(article.slug, "By an editor.", id=article.id)
        await versions.edit_article(tx, edited, based_on=1, by="Amara", at=AT)
    export(path, [zendesk(1, body="<p>Newer there.</p>")])
    report = await import_articles(database, path, clock)
    assert (what(report), report.kept) == ({"kept": 1}, ["article-1"])
    assert what(await import_articles(database, path, clock, overwrite=True)) == {"updated": 1}
    async with database.read() as reader:
        said = [(await read_version(reader, article.id, number)).article.content for number in (3, 2)]
        assert len(await list_versions(reader, article.id)) == 3
    assert said == ["Newer there.\n", "By an editor."]


async def test_what_is_kept_is_named_by_the_address_that_it_has_here(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("---\nslug: there\n---\n# A\n\nText.")
    await import_articles(database, tmp_path, clock)
    async with database.write() as tx:
        article = await get_article(tx.connection, "there", Viewer.STAFF)
        await versions.edit_article(tx, replace(article, slug="here"), based_on=1, by="Amara", at=AT)
    (tmp_path / "a.md").write_text("---\nslug: there\n---\n# A\n\nNewer.")
    assert (await import_articles(database, tmp_path, clock)).kept == ["here"]


async def test_a_dry_run_tells_and_writes_nothing(database: Database, clock: FrozenClock, tmp_path: Path) -> None:
    path = export(tmp_path / "a.json", [zendesk(1), zendesk(2)])
    assert what(await import_articles(database, path, clock, dry=True)) == {"added": 2}
    assert await listed(database) == []


async def test_two_articles_of_one_title_have_addresses_of_their_own_that_stay(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = export(tmp_path / "a.json", [zendesk(1, title="Same"), zendesk(2, title="Same"), zendesk(3, title="日本語")])
    await keep(database, make_article("same"))
    await import_articles(database, path, clock)
    async with database.read() as reader:
        before = {one.id: one.slug for one in await list_articles(reader, Viewer.STAFF)}
    assert len(set(before.values())) == 4
    assert "3" in before.values()
    assert what(await import_articles(database, path, clock)) == {"unchanged": 3}


async def test_an_article_that_another_source_brought_is_not_taken_over(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "a.md").write_text(write_article(make_article("cards", "One.")))
    (tmp_path / "two" / "a.md").write_text(write_article(make_article("cards", "Two.")))
    await import_articles(database, tmp_path / "one", clock)
    report = await import_articles(database, tmp_path / "two", clock)
    assert [str(one) for one in report.broken] == [
        "a.md:1: the id cards belongs to an article that came from markdown:one."
    ]
    await sync_folder(database, tmp_path / "one", clock)
    assert what(await import_articles(database, tmp_path / "one", clock)) == {"unchanged": 1}


async def test_drafts_come_in_as_drafts_and_nobody_sees_them(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    report = await import_articles(database, export(tmp_path / "a.json", [zendesk(1, draft=True)]), clock)
    assert (what(report), report.drafts) == ({"added": 1}, 1)
    assert await listed(database) == []
    await import_articles(database, export(tmp_path / "a.json", [zendesk(1)]), clock)
    assert await listed(database) == ["Article 1"]


async def test_who_may_see_them_can_be_narrowed_but_not_widened(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = export(tmp_path / "a.json", [zendesk(1), zendesk(2, user_segment_id=9)])
    await import_articles(database, path, clock, visibility="authenticated")
    assert await listed(database, Viewer.ANONYMOUS) == []
    assert await listed(database, Viewer.CUSTOMER) == ["Article 1"]
    assert await listed(database) == ["Article 1", "Article 2"]
    assert what(await import_articles(database, path, clock, visibility="authenticated")) == {"unchanged": 2}


@pytest.mark.parametrize(
    ("visibility", "seen", "untold"),
    [(None, [1, 0, 2], 1), ("public", [2, 0, 1], 0), ("authenticated", [0, 2, 1], 0), ("internal", [0, 0, 3], 0)],
)
async def test_what_its_source_leaves_open_is_for_staff_alone_unless_whoever_imports_it_says_who_may_see_it(
    database: Database, clock: FrozenClock, tmp_path: Path, visibility: Visibility | None, seen: list[int], untold: int
) -> None:
    common = {"folder_id": 4, "description": "Text", "status": 2}
    levels: list[dict[str, Any]] = [{"folder_visibility": 1}, {"folder_visibility": 3}, {}]
    articles = [common | {"id": n, "title": f"Article {n}"} | level for n, level in enumerate(levels)]
    path = export(tmp_path / "a.json", articles)
    report = await import_articles(database, path, clock, visibility=visibility)
    listed_to = [len(await listed(database, viewer)) for viewer in Viewer]
    assert ([listed_to[0], listed_to[1] - listed_to[0], listed_to[2] - listed_to[1]], report.untold) == (seen, untold)
    assert what(await import_articles(database, path, clock, visibility=visibility)) == {"unchanged": 3}


async def test_nothing_at_a_path_is_a_sentence(database: Database, clock: FrozenClock, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no file or folder"):
        await import_articles(database, tmp_path / "none", clock)


async def test_an_import_that_was_killed_goes_on(database: Database, clock: FrozenClock, tmp_path: Path) -> None:
    path = export(tmp_path / "a.json", [zendesk(n) for n in range(300)])

    def stop(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_articles(database, path, clock, progress=stop)
    assert what(await import_articles(database, path, clock)) == {"unchanged": 200, "added": 100}
