"""Imports articles: reads them in threads, takes them in by batches, and keeps count of what became of each.

Memory does not grow with the number of articles but for their ids, which tell one that is there twice, and whether a link leads to
one (about 200 bytes each).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from core.clock import Clock
from core.database import Database
from knowledge.articles import BrokenArticle, Visibility
from knowledge.importing.found import Format, Found, Read, beside_each_other, imported_id
from knowledge.importing.reading import look_at, read
from knowledge.intake import Incoming, Outcome, What, known_from, take_in
from knowledge.versions import LONGEST_CONTENT

BATCH = 200
"""Articles in one transaction, at most."""
BATCH_CHARACTERS = 2_000_000
"""Characters of content in one transaction, more or less."""
Progress = Callable[[int, int], None]


@dataclass
class ImportReport:
    """What an import did: how many articles by what became of them, and what could not be read."""

    counts: Counter[What] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    sources: set[str] = field(default_factory=set)
    drafts: int = 0
    broken: list[BrokenArticle] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Slugs of articles that an editor has changed here and that were left as they are."""
    skipped: list[str] = field(default_factory=list)
    """Files that hold no articles in a known format."""
    too_long: list[tuple[str, int, int]] = field(default_factory=list)
    """Articles that cannot be edited at the desk for their length: each one's file, line and characters."""
    untold: int = 0
    """Articles that are for staff alone because neither the source nor whoever imports them says who may see them."""
    left: dict[str, str] = field(default_factory=dict)
    """What links lead to that is neither imported nor here, each with the first file that has such a link."""

    @property
    def read(self) -> int:
        """How many articles could be read."""
        return sum(self.counts.values())

    @property
    def changed(self) -> int:
        """How many articles were added or have a new version."""
        return self.counts["added"] + self.counts["updated"]


async def import_articles(
    db: Database,
    path: Path,
    clock: Clock,
    *,
    format: Format | None = None,
    source: str | None = None,
    visibility: Visibility | None = None,
    overwrite: bool = False,
    dry: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> ImportReport:
    """Bring a folder or a file of articles into SQL. Idempotent by source, the article's id there, and what it says.

    Args:
        db: where to.
        path: a folder of Markdown and HTML, a BEIR corpus, or a vendor's export.
        clock: dates what has no date.
        format: what the files are; None finds out.
        source: names where they come from; None makes a name of format and folder.
        visibility: who may see them at most; an article that its source shows to fewer stays so, and one whose source leaves it
            open is for these. With None all stay as the source says, and what it leaves open is for staff alone.
        overwrite: write over what editors have changed here since; their words become a version.
        dry: write nothing, only tell.
        progress: is told how many articles are done, of about how many.

    Raises:
        ConfigurationError: there is nothing at `path`.
    """
    inputs = await asyncio.to_thread(look_at, path, format=format, source=source)
    report = ImportReport(broken=list(inputs.broken), skipped=inputs.skipped)
    report.formats = Counter({one.format: 0 for one in inputs.files})
    report.sources = {one.source for one in inputs.files}
    formats = {one.name: one.format for one in inputs.files}
    links = inputs.directory.links
    links.known = await known_from(db, {beside for one in report.sources for beside in beside_each_other(one)})
    links.ids |= set(links.known.values())
    report.left = links.left
    reading = read(inputs, now=clock.now())
    seen: set[str] = set()
    done = 0
    while batch := await asyncio.to_thread(_next, reading):
        found = [_for(visibility, one) for one in _once_each(batch, seen, report)]
        incoming = [one.incoming for one in found]
        outcomes = await take_in(db, incoming, at=clock.now(), by="import", overwrite=overwrite, dry=dry)
        for one, outcome in zip(found, outcomes, strict=True):
            _count(report, one, outcome, formats[one.file])
        done += len(batch)
        progress(done, max(done, inputs.articles))
    return report


def _once_each(batch: Sequence[Read], seen: set[str], report: ImportReport) -> Iterator[Found]:
    """Give the articles that no earlier batch had, and tell of the others, and of what is broken, in the report."""
    for one in batch:
        if isinstance(one, BrokenArticle):
            report.broken.append(one)
        elif one.incoming.article.id in seen:
            reason = f"{_called(one.incoming)} is there a second time."
            report.broken.append(BrokenArticle(one.file, one.line, reason))
        else:
            seen.add(one.incoming.article.id)
            yield one


def _called(incoming: Incoming) -> str:
    """Return what makes it the same article as another: what it is called in its source, or an id of its own."""
    source, article = incoming.source, incoming.article
    return source.id if article.id == imported_id(source.name, source.id) else article.id


def _count(report: ImportReport, one: Found, outcome: Outcome, format: Format) -> None:
    """Note in the report what became of an article."""
    if outcome.what == "refused":
        report.broken.append(BrokenArticle(one.file, one.line, outcome.reason))
        return
    characters = len(one.incoming.article.content)
    if characters > LONGEST_CONTENT:
        report.too_long.append((one.file, one.line, characters))
    report.counts[outcome.what] += 1
    report.formats[format] += 1
    report.drafts += one.incoming.article.status == "draft"
    if outcome.what == "kept":
        report.kept.append(outcome.slug)
    elif outcome.what != "unchanged":
        report.untold += not one.incoming.level_is_told


def _next(reading: Iterator[Read]) -> list[Read]:
    batch: list[Read] = []
    characters = 0
    for one in reading:
        batch.append(one)
        characters += len(one.incoming.article.content) if isinstance(one, Found) else 0
        if len(batch) >= BATCH or characters >= BATCH_CHARACTERS:
            break
    return batch


def _for(visibility: Visibility | None, one: Found) -> Found:
    """Show the article to no more people than `visibility` does, and to these where its source leaves it open.

    It counts as what the source says: the hash has it too.
    """
    order = get_args(Visibility)
    article, source = one.incoming.article, one.incoming.source
    if visibility is None or (
        one.incoming.level_is_told and order.index(article.visibility) >= order.index(visibility)
    ):
        return one
    article = replace(article, visibility=visibility)
    source = replace(source, hash=article.content_hash)
    return replace(one, incoming=replace(one.incoming, article=article, source=source, level_is_told=True))
