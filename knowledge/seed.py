"""Brings a folder of Markdown articles into SQL: idempotent, and never over an editor's change."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from core.clock import Clock
from core.database import Database
from core.errors import ConfigurationError, Conflict
from knowledge.articles import Article, BrokenArticle, parse_article
from knowledge.store import Derived, derive, renew_passages, save_article
from knowledge.tables import articles


@dataclass
class SyncReport:
    """What a folder brought: slugs by what became of them, and the files that could not be read."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Changed by an editor in SQL since the file wrote them; the file's new text was not taken."""
    broken: list[BrokenArticle] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the index has anything new to read."""
        return bool(self.added or self.updated)


@dataclass(frozen=True)
class _File:
    name: str
    hash: str
    article: Article
    derived: list[Derived]


async def sync_folder(
    db: Database, folder: Path, clock: Clock, *, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> SyncReport:
    """Write every `*.md` under `folder` into SQL. The key is the article's id with its file's hash; again changes nothing.

    A file that is no article is reported and the rest goes in. An article that an editor has changed in SQL since its
    file last wrote it is left as it is. An article whose file has gone stays.

    Args:
        db: where to.
        folder: searched with its subfolders, in the order of the names.
        clock: dates an article that has no date of its own.
        progress: is told how many files are done, of how many.

    Raises:
        ConfigurationError: there is no such folder.
    """
    if not await asyncio.to_thread(folder.is_dir):
        raise ConfigurationError(f"There is no folder {folder} to read articles from.")
    await renew_passages(db)
    report = SyncReport()
    files = await asyncio.to_thread(lambda: sorted(folder.rglob("*.md")))
    for done, path in enumerate(files, start=1):
        try:
            read = await asyncio.to_thread(_read, path, folder, clock)
            await _take(db, read, clock, report)
        except BrokenArticle as error:
            report.broken.append(error)
        progress(done, len(files))
    return report


def _read(path: Path, folder: Path, clock: Clock) -> _File:
    name = path.relative_to(folder).as_posix()
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise BrokenArticle(name, 1, f"the file cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BrokenArticle(name, line, "the file is not UTF-8.") from error
    article = parse_article(text, file=name, now=clock.now())
    return _File(name, hashlib.sha256(raw).hexdigest(), article, derive(article))


async def _take(db: Database, file: _File, clock: Clock, report: SyncReport) -> None:
    columns = articles.c
    async with db.read() as reader:
        statement = sa.select(columns.source_hash, columns.version, columns.source_version).where(
            columns.id == file.article.id
        )
        known = (await reader.execute(statement)).one_or_none()
    slug = file.article.slug
    if known is not None and known.source_hash == file.hash:
        report.unchanged.append(slug)
    elif known is not None and known.version != known.source_version:
        report.kept.append(slug)
    else:
        try:
            async with db.write() as tx:
                await save_article(tx, file.article, at=clock.now(), source_hash=file.hash, derived=file.derived)
        except Conflict as error:
            raise BrokenArticle(file.name, 1, error.message) from error
        (report.added if known is None else report.updated).append(slug)
