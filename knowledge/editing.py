"""What an editor at the desk does with an article, each a write of its own.

Passages are cut in a thread before the write begins, so that other writers wait for neither, and of two who take the same slug or id in one
moment the second is told so.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.database import Database, Reader, Transaction
from core.errors import Conflict, Invalid
from core.text import in_one_line
from knowledge.articles import Article, Audience, Visibility
from knowledge.deletion import delete_article, was_published
from knowledge.derivation import derive
from knowledge.history import present_version
from knowledge.store import check_slug_is_free
from knowledge.tables import articles
from knowledge.versions import (
    LONGEST_ID,
    checked,
    create_article,
    discard_draft,
    edit_article,
    publish,
    read_draft,
    restore_version,
    save_draft,
    to_publish,
    to_restore,
    unpublish,
)

NO_IDS = frozenset({"new"})
"""What no article made at the desk is called: its page of a new article has this address."""
_GIVEN_ONCE = "knowledge_articles.slug", "knowledge_articles.id", "uq_knowledge_articles_slug", "pk_knowledge_articles"
"""What SQLite and PostgreSQL call the rules that no slug and no id, which is made of one, is given twice."""
_TAKEN = "Somebody else has taken this address just now. Choose another one."
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


@dataclass(frozen=True)
class Fields:
    """What an editor writes of an article."""

    slug: str
    title: str
    content: str
    category: str
    audience: Audience
    visibility: Visibility
    excerpt: str = ""
    subcategory: str = ""
    tags: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    author: str = ""

    def on(self, article: Article) -> Article:
        """Return `article` with these fields, tidied: one line where one is meant, no blanks around, nothing twice."""
        return replace(
            article,
            slug=self.slug.strip(),
            # As files of articles and imports have it, so that the same words are the same version.
            content=self.content.replace("\r\n", "\n").strip() + "\n",
            excerpt=self.excerpt.strip(),
            title=in_one_line(self.title),
            category=in_one_line(self.category),
            subcategory=in_one_line(self.subcategory),
            author=in_one_line(self.author),
            tags=_words(self.tags),
            related=_words(self.related),
            audience=self.audience,
            visibility=self.visibility,
        )


@dataclass(frozen=True)
class Editor:
    """Who edits, and when."""

    name: str
    at: datetime

    @property
    def mark(self) -> dict[str, Any]:
        """What a version or a draft keeps of it."""
        return {"by": self.name, "at": self.at}


async def create(db: Database, fields: Fields, editor: Editor, *, article_id: str | None = None) -> str:
    """Keep a new article as a draft; returns its id, which is made from the slug where none is given.

    Idempotent by `article_id`: the editor who asks again, because the answer was lost, has the article while it is as they made it.

    Raises:
        Conflict: the slug or the id is taken.
        Invalid: a field is not what it must be.
    """
    article = fields.on(Article(article_id or "", "", "", "", editor.at, editor.at, status="draft"))
    checked(article)  # before its id is made of the address
    if article_id is not None and (article_id in NO_IDS or not _ID.fullmatch(article_id)):
        raise Invalid(f"{article_id} is no id. Use letters, digits, dots, colons, hyphens and underscores.", field="id")
    try:
        async with one_edit(db) as tx:
            if article_id is not None and await _is_made(tx.connection, article, editor):
                return article.id
            await check_slug_is_free(tx, article)
            article = replace(article, id=article.id or await _free_id(tx.connection, article.slug))
            with _made_of_the_slug(article_id is None):
                await create_article(tx, article, **editor.mark)
    except Conflict:
        async with (
            db.read() as reader
        ):  # PostgreSQL lets the same be asked a second time while the first is being written
            if article_id is None or not await _is_made(reader, article, editor):
                raise
    return article.id


async def save(db: Database, article_id: str, fields: Fields, editor: Editor, *, based_on: int, revision: int) -> None:
    """Keep a change beside an article, as `knowledge.versions.save_draft`; of one that no reader ever saw it is the next version.

    Nobody reads that one's row but its editors, who find it in their list by what it says there.
    """
    async with one_edit(db) as tx:
        article = fields.on((await present_version(tx.connection, article_id)).article)
        seen = await was_published(tx.connection, article_id)
        if seen or revision != 0 or await read_draft(tx.connection, article_id) is not None:
            await save_draft(tx, article, based_on=based_on, revision=revision, **editor.mark)
        else:
            await edit_article(tx, article, based_on=based_on, **editor.mark)


async def discard(db: Database, article_id: str, *, revision: int) -> None:
    """Forget the draft beside an article, as `knowledge.versions.discard_draft`."""
    async with db.write() as tx:
        await discard_draft(tx, article_id, revision=revision)


async def delete(db: Database, article_id: str, *, based_on: int, revision: int) -> None:
    """Delete an article that was never published, as `knowledge.deletion.delete_article`."""
    async with db.write() as tx:
        await delete_article(tx, article_id, based_on=based_on, revision=revision)


async def show(db: Database, article_id: str, editor: Editor, *, based_on: int, revision: int) -> None:
    """Publish an article, as `knowledge.versions.publish`."""
    async with db.read() as reader:
        article = await to_publish(reader, article_id)
    cuts = {article.content_hash: await asyncio.to_thread(derive, article)}
    async with one_edit(db) as tx:
        await publish(tx, article_id, based_on=based_on, revision=revision, cuts=cuts, **editor.mark)


async def take_out(db: Database, article_id: str, editor: Editor, *, based_on: int) -> None:
    """Take an article out of publication, as `knowledge.versions.unpublish`."""
    async with db.write() as tx:
        await unpublish(tx, article_id, based_on=based_on, **editor.mark)


async def restore(db: Database, article_id: str, number: int, editor: Editor, *, based_on: int) -> None:
    """Make an earlier version the next one, as `knowledge.versions.restore_version`."""
    async with db.read() as reader:
        article = await to_restore(reader, article_id, number)
    cuts = {article.content_hash: await asyncio.to_thread(derive, article)}
    async with one_edit(db) as tx:
        await restore_version(tx, article_id, number, based_on=based_on, cuts=cuts, **editor.mark)


@asynccontextmanager
async def one_edit(db: Database) -> AsyncIterator[Transaction]:
    """Write once.

    Raises:
        Conflict: another process took the slug or the id between our look and our write, which only PostgreSQL lets happen.
    """
    try:
        async with db.write() as tx:
            yield tx
    except IntegrityError as error:
        if not any(rule in str(error.orig).partition("\n")[0] for rule in _GIVEN_ONCE):
            raise
        raise Conflict(_TAKEN, field="slug") from error


@contextmanager
def _made_of_the_slug(made: bool) -> Iterator[None]:
    """Tell of an id that was made of the slug, and that another article has had since, as of the slug."""
    try:
        yield
    except Conflict as error:
        if made and error.field == "id":
            raise Conflict(_TAKEN, field="slug") from error
        raise


async def _is_made(reader: Reader, article: Article, editor: Editor) -> bool:
    """Tell whether the editor made just this article under its id, and nobody has changed it since."""
    statement = sa.select(articles.c.id).where(
        articles.c.id == article.id,
        articles.c.version == 1,
        articles.c.edited_by == editor.name,
        articles.c.content_hash == article.content_hash,
    )
    return (await reader.execute(statement)).one_or_none() is not None


async def _free_id(reader: Reader, slug: str) -> str:
    """Return the slug as an id, with a mark where an article has it that has another slug by now."""
    made = slug[:LONGEST_ID].rstrip("-")
    taken = (await reader.execute(sa.select(articles.c.id).where(articles.c.id == made))).one_or_none()
    return made if taken is None and made not in NO_IDS else f"{slug[:50].rstrip('-')}-{secrets.token_hex(4)}"


def _words(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in map(in_one_line, words) if word))
