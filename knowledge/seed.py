"""Brings a folder of Markdown articles into SQL: idempotent, and never over an editor's change."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import Clock
from core.database import Database
from core.errors import ConfigurationError
from knowledge.article_files import parse_article
from knowledge.articles import BrokenArticle
from knowledge.derivation import renew_passages
from knowledge.intake import Incoming, Source, take_in
from knowledge.other_names import read_other_names

SOURCE = "seed"
_BATCH = 100
LONGEST_MARK = 64
"""Bytes of a first line that may be the beginning of front matter."""


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


async def sync_folder(
    db: Database, folder: Path, clock: Clock, *, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> SyncReport:
    """Write every `*.md` under `folder` into SQL. The key is the article's id with its file's hash; again changes nothing.

    What is hidden and a README without front matter are passed over. A file that is no article is reported and the rest goes in. An
    article that an editor has changed in SQL since its file last wrote it is left as it is. An article whose file has gone stays.

    Args:
        db: where to.
        folder: searched with its subfolders, in the order of the names.
        clock: dates an article that has no date of its own.
        progress: is told how many files are done, of how many.

    Raises:
        ConfigurationError: there is no such folder.
    """
    files = await asyncio.to_thread(article_files, folder)
    await renew_passages(db)
    report = SyncReport()
    for start in range(0, len(files), _BATCH):
        read = await asyncio.to_thread(_read_all, files[start : start + _BATCH], folder, clock, report.broken)
        await _take(db, read, clock, report)
        progress(min(start + _BATCH, len(files)), len(files))
    return report


def check_folder(folder: Path, clock: Clock) -> tuple[int, list[BrokenArticle]]:
    """Read every `*.md` under `folder` as `sync_folder` does, and the list of other names; returns the articles' number and what is broken.

    Raises:
        ConfigurationError: there is no such folder.
    """
    files, broken = article_files(folder), list[BrokenArticle]()
    _read_all(files, folder, clock, broken)
    try:
        read_other_names(folder)
    except BrokenArticle as error:
        broken.append(error)
    return len(files), broken


def article_files(folder: Path) -> list[Path]:
    """Return the files of a folder that are meant as articles, in the order of their paths.

    Raises:
        ConfigurationError: there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"There is no folder {folder} to read articles from.")
    return sorted(path for path in folder.rglob("*.md") if _may_be_article(path, path.relative_to(folder)))


def _may_be_article(path: Path, name: Path) -> bool:
    """Tell whether a file is meant as an article. What is hidden is not, and a README without front matter is about the folder."""
    if any(part.startswith(".") for part in name.parts):
        return False
    if name.stem.casefold() != "readme":
        return True
    try:
        file = path.open("rb")
    except OSError:
        return True  # whoever reads it says why it cannot be
    with file:
        return file.readline(LONGEST_MARK).removeprefix(b"\xef\xbb\xbf").strip() == b"---"


def _read_all(paths: list[Path], folder: Path, clock: Clock, broken: list[BrokenArticle]) -> dict[str, Incoming]:
    """Return the articles by their files' names; the same id a second time is broken, as what cannot be read is."""
    read: dict[str, Incoming] = {}
    ids: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            one = _read(path, name, clock)
            first = ids.setdefault(one.article.id, name)
            if first != name:
                raise BrokenArticle(name, 1, f"the id {one.article.id} is that of {first} already.")
        except BrokenArticle as error:
            broken.append(error)
        else:
            read[name] = one
    return read


def _read(path: Path, name: str, clock: Clock) -> Incoming:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise BrokenArticle(name, 1, f"the file cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BrokenArticle(name, line, "the file is not UTF-8.") from error
    article = parse_article(text, file=name, now=clock.now())
    return Incoming(article, Source(SOURCE, article.id, hashlib.sha256(raw).hexdigest()))


async def _take(db: Database, read: dict[str, Incoming], clock: Clock, report: SyncReport) -> None:
    outcomes = await take_in(db, list(read.values()), at=clock.now(), by="articles folder")
    for name, outcome in zip(read, outcomes, strict=True):
        if outcome.what == "refused":
            report.broken.append(BrokenArticle(name, 1, outcome.reason))
        else:
            getattr(report, outcome.what).append(outcome.slug)
