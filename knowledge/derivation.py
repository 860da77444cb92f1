"""What search sees of an article: its passages and their terms, made when it is written and kept in step with it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.database import Database, Reader, Transaction
from core.prepared import Prepared
from knowledge.articles import Article, opening_of
from knowledge.passages import cut
from knowledge.rendering import plain_text
from knowledge.rows import article_of
from knowledge.tables import articles, generations, passages
from knowledge.terms import terms

DERIVATION = 4
"""Rises when passages or their terms come out differently from the same article; older ones are then made anew."""


_GENERATION = Prepared(sa.select(generations.c.number).where(generations.c.name == "passages"), small=True)


@dataclass(frozen=True)
class Derived:
    """A passage as it is stored, made from an article without touching the database."""

    heading: str
    text: str
    terms: str
    length: int


def derive(article: Article) -> list[Derived]:
    """Cut a published article into passages with their terms; a draft has none. Pure, and worth a thread for many."""
    if article.status != "published":
        return []
    derived = []
    # A title that is only the text's first words names nothing: they would count for more than the words after them.
    named = () if article.title == opening_of(article.content) else (article.title,)
    title = terms(" ".join((*named, *article.tags)))
    for passage in cut(article.content):
        # The excerpt says what the whole article is about: it is found with the first passage.
        above = (article.excerpt, passage.heading) if passage.position == 0 else (passage.heading,)
        heading, body = terms(" ".join(above)), terms(plain_text(passage.text))
        fields = "\n".join(" ".join(field) for field in (title, heading, body))
        derived.append(Derived(passage.heading, passage.text, fields, len(title) + len(heading) + len(body)))
    return derived


def passages_hash(article: Article) -> str:
    """Return what changes whenever the article's passages, or what is embedded of them, may change."""
    return hashlib.sha256(f"{DERIVATION}:{article.content_hash}".encode()).hexdigest()


async def insert_passages(tx: Transaction, new: Sequence[tuple[Article, Sequence[Derived]]]) -> None:
    """Write the passages of articles that have none yet."""
    rows = [_row(article, position, one) for article, derived in new for position, one in enumerate(derived)]
    await _insert(tx, rows)
    await raise_generation(tx)


async def replace_passages(tx: Transaction, article: Article, derived: Sequence[Derived]) -> None:
    """Write an article's passages. Rows of passages that did not change are kept, so that their vectors stay good."""
    rows = await tx.execute(sa.select(passages).where(passages.c.article_id == article.id))
    old: dict[tuple[str, str, str], list[int]] = {}
    for row in rows.mappings():
        old.setdefault((row["heading"], row["text"], row["terms"]), []).append(row["id"])
    new = []
    for position, one in enumerate(derived):
        kept = old.get((one.heading, one.text, one.terms))
        if kept:
            place = {"position": position, "level": article.level}
            await tx.execute(sa.update(passages).where(passages.c.id == kept.pop(0)).values(**place))
        else:
            new.append(_row(article, position, one))
    gone = [passage_id for ids in old.values() for passage_id in ids]
    if gone:
        await tx.execute(sa.delete(passages).where(passages.c.id.in_(gone)))
    await _insert(tx, new)
    await raise_generation(tx)


async def renew_passages(db: Database) -> int:
    """Make the passages of every article anew if an older Baton made them; return how many articles that were.

    Idempotent by `DERIVATION`. A kill half way leaves the number as it was, and the next call begins again.
    """
    done = generations.c.name == "derivation"
    async with db.read() as reader:
        made_by = (await reader.execute(sa.select(generations.c.number).where(done))).scalar_one_or_none()
        ids = [] if made_by == DERIVATION else list(await reader.scalars(sa.select(articles.c.id)))
    for article_id in ids:
        async with db.write() as tx:
            statement = sa.select(articles).where(articles.c.id == article_id)
            row = (await tx.execute(statement)).mappings().one_or_none()
            if row is not None:
                article = article_of(row)
                await replace_passages(tx, article, await asyncio.to_thread(derive, article))
                await tx.execute(
                    sa.update(articles).where(articles.c.id == article_id).values(passages_hash=passages_hash(article))
                )
    if made_by != DERIVATION:
        async with db.write() as tx:
            await tx.execute(sa.delete(generations).where(done))
            await tx.execute(sa.insert(generations).values(name="derivation", number=DERIVATION))
    return len(ids)


async def passages_generation(db: Database) -> int:
    """Return a number that rises with every change of any passage; one small read."""
    async with db.read() as reader:
        return await read_generation(reader)


async def read_generation(reader: Reader) -> int:
    """Return the number that rises with every change of any passage, 0 before the first."""
    found = (await _GENERATION.execute(reader, {})).one_or_none()
    return 0 if found is None else int(found["number"])


async def raise_generation(tx: Transaction) -> None:
    """Say that passages have changed: what was counted over them is old, and an index looks what it has to catch up with."""
    raised = await tx.execute(
        sa.update(generations).where(generations.c.name == "passages").values(number=generations.c.number + 1)
    )
    if raised.rowcount == 0:
        await tx.execute(sa.insert(generations).values(name="passages", number=1))


async def _insert(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = sa.insert(passages)
    if tx.connection.dialect.name == "postgresql":
        # Asked for ids, SQLAlchemy sends a thousand rows in a statement: their words are counted once for each (`knowledge_words`).
        await tx.execute(statement.returning(passages.c.id), rows)
    else:
        await tx.execute(statement, rows)


def _row(article: Article, position: int, one: Derived) -> dict[str, Any]:
    return {
        "article_id": article.id,
        "position": position,
        "heading": one.heading,
        "text": one.text,
        "level": article.level,
        "terms": one.terms,
        "length": one.length,
    }
