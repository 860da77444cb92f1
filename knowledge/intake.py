"""Takes articles from elsewhere into SQL, many at once: idempotent by source, and never over an editor's change unasked.

The words are cut into passages before the write begins, so that other writers wait for a few milliseconds, not for the cutting.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.database import Database, Reader
from core.errors import Conflict
from knowledge.articles import Article
from knowledge.derivation import Derived, derive
from knowledge.rows import row_of
from knowledge.store import insert_articles, update_article
from knowledge.tables import articles

What = Literal["added", "updated", "unchanged", "kept", "refused"]
_LOOKED_UP = 500
"""Ids in one query: SQLite takes some thousands of parameters, and a batch may be of any size."""


@dataclass(frozen=True)
class Source:
    """Where an article comes from: the source's name, the article's id there, and a hash of what it says there."""

    name: str
    id: str
    hash: str


@dataclass(frozen=True)
class Incoming:
    """An article as its source has it."""

    article: Article
    source: Source
    slug_is_own: bool = True
    """Whether the source names the slug. Otherwise it is made from the title: kept once given, and made distinct."""
    level_is_told: bool = True
    """Whether the source says who may see it. Otherwise it is for staff alone, unless whoever imports it says so."""


@dataclass(frozen=True)
class Outcome:
    """What became of an incoming article. `kept` is an editor's change that was not written over."""

    slug: str
    what: What
    reason: str = ""


@dataclass(frozen=True)
class _Plan:
    outcome: Outcome
    article: Article
    known: Mapping[Any, Any] | None
    derived: Sequence[Derived] = ()

    @property
    def writes(self) -> bool:
        return self.outcome.what in ("added", "updated")


async def take_in(
    db: Database, batch: Sequence[Incoming], *, at: datetime, by: str, overwrite: bool = False, dry: bool = False
) -> list[Outcome]:
    """Write articles as their sources have them, in one transaction. The key is the article's id with the source's hash.

    Args:
        db: where to.
        batch: each id once.
        at: when.
        by: who brings them in; a version names it.
        overwrite: take the source's words even where an editor has changed the article since; the editor's become a version.
        dry: only tell what would become of each.

    Returns:
        The outcome of each, in their order.

    Raises:
        Conflict: others changed these articles as fast as they were taken in, three times over; nothing is written.
    """
    for attempt in range(3):
        async with db.read() as reader:
            plans = await _plan(reader, batch, overwrite)
        if dry or not any(plan.writes for plan in plans):
            break
        plans = await asyncio.to_thread(_derive, plans)
        try:
            if await _write(db, batch, plans, at=at, by=by):
                break
        except IntegrityError:
            # Another process took an id or a slug between the plan and the write; the next plan knows.
            if attempt == 2:
                raise
    else:
        raise Conflict("Somebody else changes these articles just now. Import them again.")
    return [plan.outcome for plan in plans]


async def known_from(db: Database, sources: Collection[str]) -> dict[tuple[str, str], str]:
    """Return the ids of the articles that came from these sources, by source and what they are called there."""
    statement = sa.select(articles.c.source, articles.c.source_id, articles.c.id)
    async with db.read() as reader:
        found = await reader.execute(statement.where(articles.c.source.in_(sorted(sources))))
        return {(source, source_id): article_id for source, source_id, article_id in found}


async def _plan(reader: Reader, batch: Sequence[Incoming], overwrite: bool) -> list[_Plan]:
    known = {row["id"]: row for row in await _rows(reader, "id", [one.article.id for one in batch])}
    wanted = {one.article.slug for one in batch} | {_distinct(one.article) for one in batch if not one.slug_is_own}
    owners = {row["slug"]: row["id"] for row in await _rows(reader, "slug", sorted(wanted))}
    plans = []
    for one in batch:
        plan = _decide(one, known.get(one.article.id), owners, overwrite)
        if plan.writes:
            owners[plan.article.slug] = plan.article.id
        plans.append(plan)
    return plans


def _decide(one: Incoming, known: Mapping[Any, Any] | None, owners: Mapping[str, str], overwrite: bool) -> _Plan:
    article, source = one.article, one.source

    def outcome(what: What, reason: str = "") -> _Plan:
        return _Plan(Outcome(article.slug, what, reason), article, known)

    if known is not None:
        if not one.slug_is_own:
            article = replace(article, slug=known["slug"])
        same = known["content_hash"] == article.content_hash
        renamed = same and known["source_id"] != source.id and known["source"] == source.name
        if (known["source_hash"] == source.hash and not renamed) or (
            same and known["source"] not in (None, source.name)
        ):
            return outcome("unchanged")
        if known["source"] not in (None, source.name):
            return outcome("refused", f"the id {article.id} belongs to an article that came from {known['source']}.")
        if known["version"] != known["source_version"] and not overwrite:
            return outcome("unchanged") if same else _Plan(Outcome(known["slug"], "kept"), article, known)
    elif not one.slug_is_own and article.slug in owners:
        article = replace(article, slug=_distinct(article))
    owner = owners.get(article.slug)
    if owner is not None and owner != article.id:
        return outcome("refused", f"the slug {article.slug} belongs to article {owner} already.")
    return outcome("added" if known is None else "updated")


def _derive(plans: Sequence[_Plan]) -> list[_Plan]:
    return [replace(plan, derived=derive(plan.article)) if plan.writes else plan for plan in plans]


async def _write(db: Database, batch: Sequence[Incoming], plans: Sequence[_Plan], *, at: datetime, by: str) -> bool:
    """Write the plans; tells whether they still held. Nothing is written when an article has changed since."""
    writing = [(one.source, plan) for one, plan in zip(batch, plans, strict=True) if plan.writes]
    async with db.write() as tx:
        ids = [plan.article.id for _, plan in writing]
        present = {row["id"]: row["version"] for row in await _rows(tx.connection, "id", ids, lock=True)}
        if any(present.get(plan.article.id) != (plan.known and plan.known["version"]) for _, plan in writing):
            return False
        new = []
        for source, plan in writing:
            further = {"source": source.name, "source_id": source.id, "source_hash": source.hash}
            if plan.known is None:
                new.append((plan.article, plan.derived, further | {"source_version": 1}))
            elif plan.known["content_hash"] == plan.article.content_hash:
                # Only dates or votes differ there: no version, for nothing that is read has changed.
                columns = row_of(plan.article) | further
                own = articles.c.id == plan.article.id
                await tx.execute(sa.update(articles).where(own).values(columns))
            else:
                further |= {"source_version": plan.known["version"] + 1}
                await update_article(tx, plan.known, plan.article, plan.derived, further, at=at, by=by)
        await insert_articles(tx, new, at=at, by=by)
    return True


def _distinct(article: Article) -> str:
    """Return a slug of the article's own, for one whose title another article has too."""
    return f"{article.slug[:180]}-{hashlib.sha256(article.id.encode()).hexdigest()[:8]}"


async def _rows(reader: Reader, column: str, values: Sequence[str], *, lock: bool = False) -> list[Mapping[Any, Any]]:
    found: list[Mapping[Any, Any]] = []
    for start in range(0, len(values), _LOOKED_UP):
        statement = sa.select(articles).where(articles.c[column].in_(values[start : start + _LOOKED_UP]))
        found += (await reader.execute(statement.with_for_update() if lock else statement)).mappings()
    return found
