"""An article's history and drafts: an edit names the version it was made on, and nothing that was published is lost.

The article's row is its present version; `knowledge_versions` holds the earlier ones, and `knowledge.history` reads both. A change that
is not to be seen yet is a draft in `knowledge_drafts`, beside the published article, which stays as it is until the draft is published.
An article that has never been published is a row of its own whose status is `draft`: no search and no page shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, get_args

import sqlalchemy as sa

from core.database import Reader, Transaction
from core.errors import Conflict, Invalid, NotFound
from knowledge.articles import MOST_WORDS, SLUG, Article, Audience, StaleVersion, Status, Visibility
from knowledge.derivation import Derived
from knowledge.history import Version, present_version, read_version
from knowledge.rows import article_of, with_written
from knowledge.store import check_slug_is_free, save_article, stale_words
from knowledge.tables import articles, drafts

LONGEST_CONTENT = 100_000
"""Characters of an article that is written at the desk: some 15,000 words, which a page takes half a second to make of."""
LONGEST_NAME = 200
"""Characters of a tag, and of a related article's slug or id."""
LONGEST_ID = 64
"""Characters of an article's id, which has no more room in SQL."""
_LIMITS = {
    "id": LONGEST_ID, "slug": 200, "title": 300, "content": LONGEST_CONTENT, "excerpt": 2_000, "category": 200, "subcategory": 200,
    "author": 200,
}  # fmt: skip
_IN_WORDS = {
    "id": "id", "slug": "address", "title": "title", "content": "text", "excerpt": "excerpt", "category": "category",
    "subcategory": "subcategory", "author": "author", "tags": "tag", "related": "related article",
}  # fmt: skip
"""What who edits an article calls its fields, as the desk's form does."""
Cuts = Mapping[str, Sequence[Derived]]
"""Passages that were cut before the write began, by the content hash of the article that they are of."""


@dataclass(frozen=True)
class Draft:
    """What an editor prepares. `revision` rises with each save, from draft to draft too: nobody writes over what they have not seen."""

    article_id: str
    based_on: int
    revision: int
    by: str
    at: datetime
    article: Article

    def stale_on(self, version: int) -> bool:
        """Tell whether the article has become another version than the draft was begun on: it cannot be published then."""
        return self.based_on != version


async def create_article(tx: Transaction, article: Article, *, by: str, at: datetime) -> Version:
    """Keep a new article, which is a draft until it is published.

    Raises:
        Conflict: its id or slug is taken.
        Invalid: a field is not what it must be.
    """
    article = checked(replace(article, status="draft", created=at, updated=at, helpful=0, not_helpful=0, views=0))
    try:
        await save_article(tx, article, at=at, by=by, based_on=0)
    except StaleVersion as error:
        raise Conflict(f"There is an article {article.id} already.", field="id") from error
    return await read_version(tx.connection, article.id, 1)


async def edit_article(tx: Transaction, article: Article, *, based_on: int, by: str, at: datetime) -> Version:
    """Make `article` the next version at once. An edit that changes nothing makes none.

    Raises:
        StaleVersion: `based_on` is not the present version.
        Conflict: another article has its slug.
        Invalid: a field is not what it must be.
    """
    await save_article(tx, checked(article), at=at, by=by, based_on=based_on)
    return await present_version(tx.connection, article.id)


async def save_draft(
    tx: Transaction, article: Article, *, based_on: int, revision: int, by: str, at: datetime
) -> Draft:
    """Keep a change of an article that nobody but its editors sees.

    Args:
        tx: the write it belongs to.
        article: the article as it is to become.
        based_on: the version that the draft was begun on; it may have been replaced, and then cannot be published any more.
        revision: the draft's revision that the editor saw, 0 when there was none.
        by: who writes.
        at: when.

    Raises:
        NotFound: there is no such article.
        StaleVersion: somebody saved or discarded the draft in the meantime, or `based_on` is no version of the article.
        Conflict: another article has its slug.
        Invalid: a field is not what it must be.
    """
    article = checked(article)
    known = await _locked(tx, article.id)
    if not 1 <= based_on <= known["version"]:
        raise StaleVersion(stale_words(based_on, known["version"], known["edited_by"]))
    own = drafts.c.article_id == article.id
    row = (await tx.execute(sa.select(drafts).where(own))).mappings().one_or_none()
    present = 0 if row is None else row["revision"]
    if present != revision:
        who = row["edited_by"] if row is not None else ""
        raise StaleVersion(
            f"The draft has been {'saved' if row is not None else 'published or discarded'}{f' by {who}' if who else ''} since you "
            "opened it. Nothing was written: open it again and make your change there."
        )
    await check_slug_is_free(tx, article)
    following = known["draft_revision"] + 1
    values = {"based_on": based_on, "revision": following, "edited_by": by, "edited_at": at}
    values |= {"written": article.written}
    if row is None:
        await tx.execute(sa.insert(drafts).values(article_id=article.id, **values))
    else:
        await tx.execute(sa.update(drafts).where(own).values(**values))
    await tx.execute(sa.update(articles).where(articles.c.id == article.id).values(draft_revision=following))
    return Draft(article.id, based_on, following, by, at, with_written(article_of(known), article.written))


async def read_draft(reader: Reader, article_id: str) -> Draft | None:
    """Return the draft beside an article, None if there is none."""
    own = sa.select(drafts).where(drafts.c.article_id == article_id)
    row = (await reader.execute(own)).mappings().one_or_none()
    if row is None:
        return None
    article = with_written((await present_version(reader, article_id)).article, row["written"])
    return Draft(article_id, row["based_on"], row["revision"], row["edited_by"], row["edited_at"], article)


async def discard_draft(tx: Transaction, article_id: str, *, revision: int | None = None) -> None:
    """Forget the draft beside an article; one that is not there stays so.

    Args:
        tx: the write it belongs to.
        article_id: the article.
        revision: the draft's revision that the editor saw; None takes whichever there is.

    Raises:
        NotFound: there is no such article.
        StaleVersion: somebody has saved the draft since.
    """
    await _locked(tx, article_id)
    draft = await read_draft(tx.connection, article_id)
    if draft is not None and revision not in (None, draft.revision):
        raise StaleVersion(
            f"The draft has been saved by {draft.by} since you opened it. It was not discarded: look at it first."
        )
    await tx.execute(sa.delete(drafts).where(drafts.c.article_id == article_id))


async def publish(
    tx: Transaction,
    article_id: str,
    *,
    based_on: int,
    by: str,
    at: datetime,
    revision: int | None = None,
    cuts: Cuts = MappingProxyType({}),
) -> Version:
    """Show an article, with its draft's words where there is one: its next version.

    Args:
        tx: the write it belongs to.
        article_id: the article.
        based_on: the version that the editor saw.
        by: who publishes.
        at: when.
        revision: the draft's revision that the editor saw; None takes whichever there is.
        cuts: passages that were cut beforehand; they are cut here where the article is another by now.

    Raises:
        NotFound: there is no such article.
        StaleVersion: the article, or its draft, has changed since.
        Conflict: another article has taken the slug.
    """
    known = await _locked(tx, article_id)
    draft = await read_draft(tx.connection, article_id)
    if revision is not None and revision != (0 if draft is None else draft.revision):
        who = "" if draft is None else f" by {draft.by}"
        raise StaleVersion(f"The draft has changed{who} since you opened it. Look at it again before you publish it.")
    if draft is not None and draft.stale_on(known["version"]):
        raise StaleVersion(stale_words(draft.based_on, known["version"], known["edited_by"]))
    article = _published(article_of(known), draft)
    await save_article(tx, article, at=at, by=by, based_on=based_on, derived=cuts.get(article.content_hash))
    await discard_draft(tx, article_id)
    return await present_version(tx.connection, article_id)


async def to_publish(reader: Reader, article_id: str) -> Article:
    """Return an article as publishing it would show it now.

    Raises:
        NotFound: there is no such article.
    """
    return _published((await present_version(reader, article_id)).article, await read_draft(reader, article_id))


async def unpublish(tx: Transaction, article_id: str, *, based_on: int, by: str, at: datetime) -> Version:
    """Take an article out of every search and page: its next version is a draft.

    Raises:
        NotFound: there is no such article.
        StaleVersion: `based_on` is not the present version.
    """
    article = article_of(await _locked(tx, article_id))
    await save_article(tx, replace(article, status="draft"), at=at, by=by, based_on=based_on)
    return await present_version(tx.connection, article_id)


async def restore_version(
    tx: Transaction,
    article_id: str,
    number: int,
    *,
    based_on: int,
    by: str,
    at: datetime,
    cuts: Cuts = MappingProxyType({}),
) -> Version:
    """Make what an earlier version said the next one. Whether the article is published stays as it is.

    Args:
        tx: the write it belongs to.
        article_id: the article.
        number: the earlier version.
        based_on: the version that the editor saw.
        by: who restores.
        at: when.
        cuts: as for `publish`.

    Raises:
        NotFound: there is no such article or version.
        StaleVersion: `based_on` is not the present version.
        Conflict: another article has the old slug by now.
    """
    await _locked(tx, article_id)
    article = await to_restore(tx.connection, article_id, number)
    await save_article(tx, article, at=at, by=by, based_on=based_on, derived=cuts.get(article.content_hash))
    return await present_version(tx.connection, article_id)


async def to_restore(reader: Reader, article_id: str, number: int) -> Article:
    """Return an article as restoring an earlier version would make it.

    Raises:
        NotFound: there is no such article or version.
    """
    present = (await present_version(reader, article_id)).article
    return replace((await read_version(reader, article_id, number)).article, status=present.status)


def _published(known: Article, draft: Draft | None) -> Article:
    return replace(known if draft is None else draft.article, status="published")


def checked(article: Article) -> Article:
    """Return an article that may be kept; the limits are those of a file's front matter.

    Raises:
        Invalid: a field is not what it must be; of several the one that is written first is told.
    """
    for name, limit in _LIMITS.items():
        if len(getattr(article, name)) > limit:
            raise Invalid(f"The {_IN_WORDS[name]} is longer than {limit:,} characters. Shorten it.", field=name)
    for name, words in (("tags", article.tags), ("related", article.related)):
        if len(words) > MOST_WORDS:
            raise Invalid(f"There are more than {MOST_WORDS} {_IN_WORDS[name]}s. Take some out.", field=name)
        if any(len(word) > LONGEST_NAME for word in words):
            raise Invalid(f"One {_IN_WORDS[name]} is longer than {LONGEST_NAME} characters. Shorten it.", field=name)
    for name in ("title", "content"):
        if not getattr(article, name).strip():
            raise Invalid(f"The {_IN_WORDS[name]} is missing. Write one.", field=name)
    if not SLUG.fullmatch(article.slug):
        raise Invalid("Give it an address of small letters, digits and single hyphens.", field="slug")
    for name, allowed in (("audience", Audience), ("visibility", Visibility), ("status", Status)):
        if getattr(article, name) not in get_args(allowed):
            raise Invalid(f"{name} must be one of {', '.join(get_args(allowed))}.", field=name)
    if any("\x00" in str(value) for value in article.written.values()):
        raise Invalid("The text holds a NUL character. Remove it.")
    return article


async def _locked(tx: Transaction, article_id: str) -> Mapping[Any, Any]:
    """Read an article's row so that nobody else changes it before this write ends."""
    statement = sa.select(articles).where(articles.c.id == article_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such article.")
    return row
