"""Editing at the desk: of two at once one wins, a start or an import never loses an edit, and no draft's word reaches a reader."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from core.clock import FrozenClock
from core.database import Database, metadata
from core.errors import Conflict, Invalid
from knowledge import editing
from knowledge.article_files import write_article
from knowledge.articles import Article, StaleVersion, Viewer
from knowledge.editing import Editor, Fields
from knowledge.editors_list import Narrowed, rows_for_editors
from knowledge.history import list_versions, present_version, read_version
from knowledge.importing.importer import import_articles
from knowledge.retriever import Retriever
from knowledge.seed import sync_folder
from knowledge.store import get_article, insert_articles, list_articles, related_articles
from knowledge.tables import passages
from knowledge.versions import LONGEST_CONTENT, read_draft
from tests.knowledge.conftest import AT, keep, make_article

AMARA = Editor("Amara", AT)
JONAS = Editor("Jonas", AT)


def fields(slug: str = "cards", content: str = "One.", **changed: Any) -> Fields:
    given = {"title": "Cards", "category": "Billing", "audience": "customer", "visibility": "public"} | changed
    return Fields(slug=slug, content=content, **given)


def fields_of(article: Article, **changed: Any) -> Fields:
    return Fields(**{name: getattr(article, name) for name in Fields.__dataclass_fields__} | changed)


async def edit(database: Database, article_id: str, *, publish: bool = True, **changed: Any) -> None:
    """Change an article as an editor does: a draft, then its publication."""
    async with database.read() as reader:
        present = await present_version(reader, article_id)
        draft = await read_draft(reader, article_id)
    revision = 0 if draft is None else draft.revision
    based_on = present.number
    await editing.save(
        database, article_id, fields_of(present.article, **changed), AMARA, based_on=based_on, revision=revision
    )
    async with database.read() as reader:
        saved = await read_draft(reader, article_id)
    assert saved is not None
    if publish:
        await editing.show(database, article_id, AMARA, based_on=based_on, revision=saved.revision)


async def now(database: Database, article_id: str) -> Article:
    async with database.read() as reader:
        return (await present_version(reader, article_id)).article


def put(folder: Path, article: Article) -> None:
    (folder / f"{article.id}.md").write_text(write_article(article), encoding="utf-8")


async def test_of_two_who_publish_at_once_one_wins(database: Database) -> None:
    await keep(database, make_article("cards"))
    await editing.save(database, "cards", fields(content="Two."), AMARA, based_on=1, revision=0)
    done = await asyncio.gather(
        *(editing.show(database, "cards", by, based_on=1, revision=1) for by in (AMARA, JONAS)), return_exceptions=True
    )
    assert sorted(str(type(one).__name__) for one in done) == ["NoneType", "StaleVersion"]
    async with database.read() as reader:
        assert [one.number for one in await list_versions(reader, "cards")] == [2, 1]


async def test_of_two_who_make_an_article_of_one_slug_at_once_one_is_told_that_it_is_taken(database: Database) -> None:
    made = await asyncio.gather(
        *(editing.create(database, fields(), by) for by in (AMARA, JONAS, AMARA)), return_exceptions=True
    )
    refused = [one for one in made if isinstance(one, Conflict)]
    assert [one for one in made if one == "cards"] == ["cards"]
    assert [one.field for one in refused] == ["slug", "slug"]


async def test_an_article_that_is_made_again_under_its_id_is_there_once(database: Database) -> None:
    made = [await editing.create(database, fields(), AMARA, article_id="cards-1") for _ in range(2)]
    assert made == ["cards-1", "cards-1"]
    async with database.read() as reader:
        assert [one.number for one in await list_versions(reader, "cards-1")] == [1]


async def test_an_article_that_is_made_under_its_id_three_times_at_once_is_there_once(database: Database) -> None:
    made = await asyncio.gather(*(editing.create(database, fields(), AMARA, article_id="cards-1") for _ in range(3)))
    assert made == ["cards-1"] * 3
    async with database.read() as reader:
        assert [one.number for one in await list_versions(reader, "cards-1")] == [1]


@pytest.mark.parametrize(("words", "by"), [("Two.", AMARA), ("One.", JONAS)])
async def test_an_id_under_which_something_else_or_somebody_elses_was_made_is_taken(
    database: Database, words: str, by: Editor
) -> None:
    await editing.create(database, fields(), AMARA, article_id="cards-1")
    with pytest.raises(Conflict) as refused:
        await editing.create(database, fields(content=words), by, article_id="cards-1")
    assert refused.value.field == "id"
    assert (await now(database, "cards-1")).content == "One.\n"


async def test_an_article_that_was_changed_since_it_was_made_is_not_taken_for_a_new_one(database: Database) -> None:
    await editing.create(database, fields(), AMARA, article_id="cards-1")
    await editing.save(database, "cards-1", fields(content="Two."), JONAS, based_on=1, revision=0)
    await editing.save(database, "cards-1", fields(), AMARA, based_on=2, revision=0)
    with pytest.raises(Conflict) as refused:
        await editing.create(database, fields(), AMARA, article_id="cards-1")
    assert refused.value.field == "id"


async def test_of_a_new_article_without_title_and_address_the_title_is_asked_for(database: Database) -> None:
    with pytest.raises(Invalid, match="title") as refused:
        await editing.create(database, fields("", title=" "), AMARA)
    assert refused.value.field == "title"


async def test_who_chooses_an_address_that_is_taken_reads_whose_it_is(database: Database) -> None:
    await editing.create(database, fields("cards", title="Credit cards"), AMARA)
    with pytest.raises(Conflict, match="“Credit cards” has this address already. Choose another one."):
        await editing.create(database, fields("cards"), JONAS)


async def insert(database: Database, article: Article, **further: Any) -> None:
    """Write an article without a look at what is there, as of two at once the second does on PostgreSQL."""
    async with editing.one_edit(database) as tx:
        await insert_articles(tx, [(article, (), further)], at=AT, by="Amara")


@pytest.mark.parametrize("article", [make_article("cards", id="other"), make_article("other", id="cards")])
async def test_an_address_or_id_that_another_took_between_look_and_write_is_told_as_taken(
    database: Database, article: Article
) -> None:
    await keep(database, make_article("cards"))
    with pytest.raises(Conflict, match="taken this address") as refused:
        await insert(database, article)
    assert refused.value.field == "slug"


async def test_what_else_the_database_refuses_is_not_told_as_an_address_that_is_taken(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await insert(database, make_article("cards", title="uq_knowledge_articles_slug\n"), audience="nobody")


async def test_a_start_leaves_what_was_edited_or_taken_out_as_it_is(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    files = [
        make_article(slug, f"{slug} from its file.\n") for slug in ("edited", "taken-out", "prepared", "untouched")
    ]
    for one in files:
        put(tmp_path, one)
    assert len((await sync_folder(database, tmp_path, clock)).added) == 4
    await edit(database, "edited", content="By Amara.")
    await editing.take_out(database, "taken-out", AMARA, based_on=1)
    await edit(database, "prepared", content="Soon.", publish=False)
    again = await sync_folder(database, tmp_path, clock)
    assert (len(again.unchanged), again.changed) == (4, False)
    for one in files:
        put(tmp_path, replace(one, content=f"{one.slug} from a newer file.\n"))
    newer = await sync_folder(database, tmp_path, clock)
    assert (sorted(newer.kept), sorted(newer.updated)) == (["edited", "taken-out"], ["prepared", "untouched"])
    assert (await now(database, "edited")).content == "By Amara.\n"
    assert (await now(database, "taken-out")).status == "draft"
    assert (await now(database, "prepared")).content == "prepared from a newer file.\n"
    async with database.read() as reader:
        draft = await read_draft(reader, "prepared")
    assert draft is not None
    assert (draft.article.content, draft.based_on) == ("Soon.\n", 1)
    with pytest.raises(StaleVersion, match="version 2 by articles folder"):
        await editing.show(database, "prepared", AMARA, based_on=2, revision=1)


async def test_an_article_that_was_made_at_the_desk_is_no_files_to_take(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    await editing.create(database, fields("cards"), AMARA)
    await editing.create(database, fields("plans"), AMARA, article_id="our-plans")
    put(tmp_path, make_article("cards", "From a file."))
    put(tmp_path, make_article("plans", "From a file."))
    report = await sync_folder(database, tmp_path, clock)
    assert (report.kept, report.added) == (["cards"], [])
    assert [one.reason for one in report.broken] == ["the slug plans belongs to article our-plans already."]
    assert (await now(database, "cards")).content == "One.\n"


async def test_an_import_that_writes_over_an_edit_keeps_it_as_a_version_and_its_draft_as_stale(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    put(tmp_path, make_article("cards", "From the file.\n"))
    await import_articles(database, tmp_path, clock)
    await edit(database, "cards", content="By Amara.")
    await edit(database, "cards", content="Half done.", publish=False)
    put(tmp_path, make_article("cards", "From a newer file.\n"))
    assert (await import_articles(database, tmp_path, clock)).kept == ["cards"]
    await import_articles(database, tmp_path, clock, overwrite=True)
    async with database.read() as reader:
        said = [(await read_version(reader, "cards", number)).article.content for number in (1, 2, 3)]
        draft = await read_draft(reader, "cards")
    assert said == ["From the file.\n", "By Amara.\n", "From a newer file.\n"]
    assert draft is not None
    assert (draft.article.content, draft.based_on) == ("Half done.\n", 2)
    await editing.restore(database, "cards", 2, AMARA, based_on=3)
    assert (await now(database, "cards")).content == "By Amara.\n"


async def test_the_versions_of_an_article_that_has_many_come_in_pages_with_their_status(database: Database) -> None:
    await keep(database, make_article("cards", "0"))
    for number in range(1, 40):
        if number % 5 == 0:
            await editing.take_out(database, "cards", AMARA, based_on=number)
        else:
            await edit(database, "cards", content=str(number))
    async with database.read() as reader:
        whole = await list_versions(reader, "cards")
        pages, before = [], None
        while page := await list_versions(reader, "cards", limit=7, before=before):
            pages += page
            before = page[-1].number
        status = {one.number: (await read_version(reader, "cards", one.number)).article.status for one in whole}
    assert pages == whole
    assert [one.number for one in whole] == list(range(40, 0, -1))
    assert {one.number: one.status for one in whole} == status
    assert set(status.values()) == {"draft", "published"}


async def test_an_article_that_is_longer_than_what_the_desk_takes_can_be_taken_out_and_shown_again(
    database: Database,
) -> None:
    long = make_article("cards", "word " * (LONGEST_CONTENT // 4))
    await keep(database, long)
    with pytest.raises(Invalid, match="The text is longer than 100,000 characters"):
        await editing.save(database, "cards", fields_of(long), AMARA, based_on=1, revision=0)
    await editing.take_out(database, "cards", AMARA, based_on=1)
    await editing.show(database, "cards", AMARA, based_on=2, revision=0)
    assert (await now(database, "cards")).status == "published"


STEPS = st.lists(
    st.tuples(st.sampled_from(["draft", "publish", "discard", "take out", "restore"]), st.sampled_from(["a", "b"])),
    max_size=14,
)


class Shelf:
    """Two articles under an editor's hands, and the words that each holds where."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.words: list[str] = []

    def new_word(self) -> str:
        """Return a word that nothing has, which no correction takes for another."""
        self.words.append("q" + "".join(chr(ord("a") + int(digit)) * 2 for digit in str(len(self.words) + 10)) + "x")
        return self.words[-1]

    async def do(self, what: str, slug: str) -> None:
        """Take one step, as it is at the moment; what there is nothing for does nothing."""
        async with self.database.read() as reader:
            present = await present_version(reader, slug)
            draft = await read_draft(reader, slug)
        revision, based_on = 0 if draft is None else draft.revision, present.number
        if what == "draft":
            new = fields(slug, f"About {self.new_word()}.", title=f"On {self.new_word()}", tags=(self.new_word(),))
            await editing.save(self.database, slug, new, AMARA, based_on=based_on, revision=revision)
        elif what == "publish" and (draft is None or draft.based_on == based_on):
            await editing.show(self.database, slug, AMARA, based_on=based_on, revision=revision)
        elif what == "discard":
            await editing.discard(self.database, slug, revision=revision)
        elif what == "take out":
            await editing.take_out(self.database, slug, AMARA, based_on=based_on)
        elif what == "restore":
            await editing.restore(self.database, slug, max(1, based_on - 1), AMARA, based_on=based_on)

    async def published(self) -> set[str]:
        """Return the words of what is published."""
        found: set[str] = set()
        async with self.database.read() as reader:
            for slug in ("a", "b"):
                article = (await present_version(reader, slug)).article
                said = f"{article.title} {article.content} {article.tags}"
                found |= {word for word in self.words if article.status == "published" and word in said}
        return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_readers_meet_the_words_of_what_is_published_and_of_no_draft(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    async def check(folder: Path) -> None:
        database = Database.open(f"sqlite:///{folder}/baton.db")
        async with database.write() as tx:
            await tx.connection.run_sync(metadata.create_all)
        try:
            shelf = Shelf(database)
            pointer = make_article("pointer", "Something else.", related=("a", "b"))
            await keep(database, pointer)
            for slug in ("a", "b"):
                await editing.create(database, fields(slug, f"First {shelf.new_word()}."), AMARA)
            retriever = Retriever(database, None, FrozenClock(AT))
            for what, slug in steps:
                await shelf.do(what, slug)
                allowed = await shelf.published()
                assert await _words_met(retriever, shelf, pointer) == allowed
        finally:
            await database.close()

    asyncio.run(check(tmp_path_factory.mktemp("shelf")))


async def _words_met(retriever: Retriever, shelf: Shelf, pointer: Article) -> set[str]:
    """Return which words anybody meets by searching for each, in passages, lists, related articles and pages."""
    shown = []
    for word in shelf.words:
        outcome = await retriever.search(word, viewer=Viewer.STAFF, log=False)
        shown += [f"{one.title} {one.text}" for one in outcome.results]
        shown += [word for one in outcome.corrections if word == one.right]
    async with shelf.database.read() as reader:
        listed = await list_articles(reader, Viewer.STAFF) + await related_articles(reader, pointer, Viewer.STAFF)
        pages = [await get_article(reader, one.slug, Viewer.STAFF) for one in listed]
        shown += [f"{one.title} {one.content} {one.tags}" for one in (*listed, *pages)]
        shown += list(await reader.scalars(sa.select(passages.c.terms)))
    everything = "\n".join(shown)
    return {word for word in shelf.words if word in everything}


async def test_an_article_that_no_reader_saw_is_listed_as_it_was_saved_last(database: Database) -> None:
    await editing.create(database, fields("untitled", title="Untitled"), AMARA)
    later = Editor("Cora", AT + timedelta(hours=1))
    named = fields("untitled", title="Refund rules", category="Refunds", audience="internal")
    await editing.save(database, "untitled", named, later, based_on=1, revision=0)
    async with database.read() as reader:
        (row,) = await rows_for_editors(reader, Narrowed("refund", category="Refunds", readers="staff"), limit=5)
    assert (row.title, row.version, row.updated_at, row.edited_by) == ("Refund rules", 2, later.at, "Cora")
    with pytest.raises(StaleVersion, match="Cora"):
        await editing.save(database, "untitled", fields("untitled", title="Mine"), AMARA, based_on=1, revision=0)
