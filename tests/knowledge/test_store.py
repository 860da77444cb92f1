"""Articles, votes and searches in SQL, on each database."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.clock import FrozenClock
from core.database import Database
from core.errors import ConfigurationError, Conflict, Invalid, NotFound
from knowledge import derivation, intake
from knowledge.article_files import parse_article, write_article
from knowledge.articles import Viewer
from knowledge.full_text_schema import create_full_text
from knowledge.searches import ENTRY_JSON, log_search, record_opened, search_entry
from knowledge.seed import check_folder, sync_folder
from knowledge.store import count_view, get_article, list_articles, related_articles, remove_article, save_article
from knowledge.tables import articles, passages, searches
from knowledge.votes import record_vote, vote_of, votes_of
from knowledge.word_queries import count_holding, count_words
from tests.knowledge.conftest import AT, keep, make_article


async def passages_of(database: Database, article_id: str) -> list[tuple[int, str]]:
    async with database.read() as reader:
        statement = sa.select(passages.c.id, passages.c.text).where(passages.c.article_id == article_id)
        return [(row.id, row.text) for row in await reader.execute(statement.order_by(passages.c.position))]


async def test_an_article_comes_back_as_it_was_written(database: Database) -> None:
    article = make_article(
        "cards", tags=("visa",), related=("refunds",), reviewed=AT, helpful=3, author="Dana Whitfield"
    )
    await keep(database, article)
    async with database.read() as reader:
        assert await get_article(reader, "cards", Viewer.ANONYMOUS) == article


async def test_writing_the_same_again_changes_nothing(database: Database) -> None:
    article = make_article("cards", "One.\n\n## More\n\nTwo.")
    await keep(database, article)
    before = await passages_of(database, "cards")
    async with database.write() as tx:
        assert not await save_article(tx, article, at=AT)
    assert await passages_of(database, "cards") == before


async def test_a_change_keeps_the_rows_of_the_passages_that_it_leaves_alone(database: Database) -> None:
    article = make_article("cards", "One.\n\n## More\n\nTwo.\n\n## Last\n\nThree.")
    await keep(database, article)
    first, second, third = await passages_of(database, "cards")
    await keep(database, replace(article, content="One.\n\n## More\n\nChanged.\n\n## Last\n\nThree."))
    changed = await passages_of(database, "cards")
    assert (changed[0], changed[2]) == (first, third)
    assert changed[1][1] == "Changed."
    assert changed[1][0] > third[0] > second[0]


async def test_a_slug_belongs_to_one_article(database: Database) -> None:
    await keep(database, make_article("cards"))
    with pytest.raises(Conflict, match="has this address already"):
        await keep(database, make_article("cards", id="another"))


async def test_a_draft_has_no_passages_and_nobody_gets_it(database: Database) -> None:
    await keep(database, make_article("plan", status="draft"))
    assert await passages_of(database, "plan") == []
    async with database.read() as reader:
        with pytest.raises(NotFound):
            await get_article(reader, "plan", Viewer.STAFF)


async def test_unpublishing_takes_the_passages_away(database: Database) -> None:
    await keep(database, make_article("plan"))
    await keep(database, make_article("plan", status="draft"))
    assert await passages_of(database, "plan") == []


@pytest.mark.parametrize(
    ("changed", "seen_by"),
    [
        ({"visibility": "public"}, {Viewer.ANONYMOUS, Viewer.CUSTOMER, Viewer.STAFF}),
        ({"visibility": "authenticated"}, {Viewer.CUSTOMER, Viewer.STAFF}),
        ({"visibility": "internal"}, {Viewer.STAFF}),
        ({"visibility": "public", "audience": "internal"}, {Viewer.STAFF}),
        ({"visibility": "public", "status": "draft"}, set()),
    ],
)
async def test_reading_lists_and_relations_show_a_viewer_only_their_own(
    database: Database, changed: dict[str, str], seen_by: set[Viewer]
) -> None:
    await keep(database, make_article("open", related=("secret",)), make_article("secret", **changed))
    async with database.read() as reader:
        for viewer in Viewer:
            listed = {one.slug for one in await list_articles(reader, viewer)}
            origin = await get_article(reader, "open", viewer)
            related = [one.slug for one in await related_articles(reader, origin, viewer)]
            assert ("secret" in listed, related == ["secret"]) == (viewer in seen_by, viewer in seen_by)


async def test_removing_an_article_takes_its_passages_along(database: Database) -> None:
    await keep(database, make_article("cards"))
    async with database.write() as tx:
        await remove_article(tx, "cards")
        await remove_article(tx, "cards")
    assert await passages_of(database, "cards") == []


async def test_a_newer_derivation_makes_passages_anew_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await keep(database, make_article("cards"), make_article("refunds"))
    await derivation.renew_passages(database)
    assert await derivation.renew_passages(database) == 0
    monkeypatch.setattr(derivation, "DERIVATION", derivation.DERIVATION + 1)
    assert await derivation.renew_passages(database) == 2
    assert await derivation.renew_passages(database) == 0


async def test_the_counts_of_words_follow_every_change_of_the_passages(database: Database) -> None:
    async def counted() -> list[dict[str, int]]:
        async with database.read() as reader:
            held = [await count_words(reader, viewer) for viewer in Viewer]
            for viewer, words in zip(Viewer, held, strict=True):
                assert list(await count_holding(reader, [*words, "nowhere"], viewer)) == [*words.values(), 0]
        return held

    async def in_the_passages() -> list[dict[str, int]]:
        async with database.read() as reader:
            rows = (await reader.execute(sa.select(passages.c.level, passages.c.terms))).all()
        seen = ([set(row.terms.split()) for row in rows if row.level <= viewer] for viewer in Viewer)
        return [dict(Counter(word for words in sets for word in words)) for sets in seen]

    await keep(database, make_article("cards", "visa visa"), make_article("okta", "saml visa", visibility="internal"))
    assert [one.get("visa") for one in await counted()] == [1, 1, 2]
    changes = [
        make_article("cards", "visa amex\n\n## More\n\namex"),
        make_article("okta", "saml visa", visibility="authenticated"),
        make_article("cards", "amex", status="draft"),
    ]
    for changed in changes:
        await keep(database, changed)
        assert await counted() == await in_the_passages()
    async with database.write() as tx:
        await remove_article(tx, "okta")
    assert await counted() == [{}, {}, {}]


async def test_a_migration_may_make_the_full_text_index_again(database: Database) -> None:
    await keep(database, make_article("cards"))
    async with database.write() as tx:
        await tx.connection.run_sync(create_full_text)


async def test_a_folder_goes_in_once_and_a_broken_file_does_not_stop_the_rest(
    database: Database, tmp_path: Path, clock: FrozenClock
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "cards.md").write_text(write_article(make_article("cards")))
    (tmp_path / "again.md").write_text(write_article(make_article("cards", id="again")))
    (tmp_path / "bad.md").write_text("---\nslug: bad\n---\nWords")
    (tmp_path / "binary.md").write_bytes(b"---\ntitle: A\n---\nok\n\xff\xfe")
    (tmp_path / "refunds.md").write_text(write_article(make_article("refunds")))
    report = await sync_folder(database, tmp_path, clock)
    assert (report.added, report.changed) == (["cards", "refunds"], True)
    assert [str(one) for one in report.broken] == [
        "bad.md:1: title is missing.",
        "binary.md:5: the file is not UTF-8.",
        "deep/cards.md:1: the slug cards belongs to article again already.",
    ]
    report = await sync_folder(database, tmp_path, clock)
    assert (report.unchanged, report.changed, len(report.broken)) == (["cards", "refunds"], False, 3)


async def test_what_is_about_the_folder_is_no_article_and_nothing_broken(
    database: Database, tmp_path: Path, clock: FrozenClock
) -> None:
    for hidden in (".github", ".drafts"):
        (tmp_path / hidden).mkdir()
        (tmp_path / hidden / "pull_request.md").write_text("What does this change?")
    (tmp_path / ".note.md").write_text("Ask Maya.")
    (tmp_path / "README.md").write_text("# Our articles\n\nOne file each.\n")
    (tmp_path / "billing").mkdir()
    (tmp_path / "billing" / "Readme.md").write_text("\ufeff" + write_article(make_article("cards")))
    (tmp_path / "forgotten.md").write_text("# No front matter")
    report = await sync_folder(database, tmp_path, clock)
    assert report.added == ["cards"]
    assert [str(one) for one in report.broken] == [
        "forgotten.md:1: the file must begin with front matter between two lines of ---."
    ]
    assert check_folder(tmp_path, clock)[0] == 2


async def test_a_changed_file_is_taken_and_an_editors_change_is_kept(
    database: Database, tmp_path: Path, clock: FrozenClock
) -> None:
    path = tmp_path / "cards.md"
    path.write_text(write_article(make_article("cards", "First.")))
    await sync_folder(database, tmp_path, clock)
    path.write_text(write_article(make_article("cards", "Second.")))
    assert (await sync_folder(database, tmp_path, clock)).updated == ["cards"]
    await keep(database, make_article("cards", "By an editor."))
    path.write_text(write_article(make_article("cards", "Third.")))
    assert (await sync_folder(database, tmp_path, clock)).kept == ["cards"]
    async with database.read() as reader:
        assert (await get_article(reader, "cards", Viewer.STAFF)).content == "By an editor."


async def test_a_folder_that_is_not_there_is_a_sentence(database: Database, tmp_path: Path, clock: FrozenClock) -> None:
    with pytest.raises(ConfigurationError, match="There is no folder"):
        await sync_folder(database, tmp_path / "none", clock)


async def test_articles_that_others_change_as_fast_as_they_are_taken_in_are_left_and_said_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    async def lost(*_given: object, **_named: object) -> bool:
        tried.append(1)
        return False

    monkeypatch.setattr(intake, "_write", lost)
    article = make_article("cards")
    with pytest.raises(Conflict, match="Import them again"):
        await intake.take_in(database, [intake.Incoming(article, intake.Source("s", "1", "h"))], at=AT, by="import")
    assert len(tried) == 3
    async with database.read() as reader:
        assert await list_articles(reader, Viewer.STAFF) == []


async def counts(database: Database, article_id: str) -> tuple[int, int]:
    async with database.read() as reader:
        statement = sa.select(articles.c.helpful, articles.c.not_helpful).where(articles.c.id == article_id)
        row = (await reader.execute(statement)).one()
        return row.helpful, row.not_helpful


async def test_a_person_has_one_vote_per_article_and_may_change_it(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards", helpful=10))
    await record_vote(database, "cards", "vi_1", True, clock=clock)
    await record_vote(database, "cards", "vi_1", True, clock=clock)
    assert await counts(database, "cards") == (11, 0)
    await record_vote(database, "cards", "vi_1", False, "It is out of date.", clock=clock)
    assert await counts(database, "cards") == (10, 1)
    assert await vote_of(database, "cards", "vi_1") is False
    await record_vote(database, "cards", "vi_2", True, clock=clock)
    assert await counts(database, "cards") == (11, 1)
    async with database.read() as reader:
        assert await votes_of(reader, "vi_1") == {"cards": False}


async def test_votes_at_the_same_moment_are_all_counted_and_each_voter_once(
    database: Database, clock: FrozenClock
) -> None:
    await keep(database, make_article("cards"))
    await asyncio.gather(*(record_vote(database, "cards", f"vi_{n % 5}", True, clock=clock) for n in range(15)))
    assert await counts(database, "cards") == (5, 0)


async def test_a_vote_on_an_article_that_the_voter_cannot_see_finds_none(
    database: Database, clock: FrozenClock
) -> None:
    await keep(database, make_article("runbook", visibility="internal"))
    for article_id in ("runbook", "nothing"):
        with pytest.raises(NotFound):
            await record_vote(database, article_id, "vi_1", True, clock=clock, viewer=Viewer.CUSTOMER)


async def test_a_vote_with_a_book_of_words_is_refused(database: Database, clock: FrozenClock) -> None:
    await keep(database, make_article("cards"))
    with pytest.raises(Invalid, match="under 2000"):
        await record_vote(database, "cards", "vi_1", False, "x" * 2_001, clock=clock)


async def test_views_are_counted(database: Database) -> None:
    await keep(database, make_article("cards"))
    async with database.write() as tx:
        await count_view(tx, "cards")
        await count_view(tx, "cards")
    async with database.read() as reader:
        assert (await get_article(reader, "cards", Viewer.STAFF)).views == 2


async def test_a_search_is_kept_masked_with_what_was_opened_first(database: Database, clock: FrozenClock) -> None:
    entry = search_entry(
        "invoice for dana@acme.example" + " x" * 1_000 + "\x00",
        surface="bot",
        viewer=Viewer.CUSTOMER,
        article_ids=["a", "b"],
        outcome="answered",
        confidence=0.8,
        at=clock.now(),
        conversation_id="cv_1",
    )
    assert ENTRY_JSON.validate_python(ENTRY_JSON.dump_python(entry, mode="json")) == entry
    async with database.write() as tx:
        await log_search(tx, entry)
    await record_opened(database, entry.id, "b", at=clock.now())
    await record_opened(database, entry.id, "a", at=clock.now())
    async with database.read() as reader:
        row = (await reader.execute(sa.select(searches))).one()
    assert row.question.startswith("invoice for [email] x")
    assert len(row.question) == 1_000
    assert (row.results, row.opened, row.viewer, row.searched_at) == (["a", "b"], "b", "customer", clock.now())


def test_parsing_needs_no_database() -> None:
    assert parse_article(write_article(make_article("cards")), file="cards.md", now=AT).slug == "cards"
