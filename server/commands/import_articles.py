"""`baton import`: articles from a folder, a corpus or another help centre's export, into SQL and the index."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from core.clock import SystemClock
from core.database import Database
from core.errors import ConfigurationError
from knowledge.articles import Visibility
from knowledge.derivation import renew_passages
from knowledge.importing.found import FORMATS
from knowledge.importing.importer import ImportReport, import_articles
from knowledge.versions import LONGEST_CONTENT
from server.commands.output import Meter, log_to_stderr, print_json
from server.migrate import migrate
from server.settings import Settings, load_settings

NAMED = 20
"""Broken articles that are named one by one; of the others the number is told. JSON has all."""
PATIENCE = 60.0
"""Seconds to wait for another command that has the index open."""


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser("import", help="import articles: Markdown, HTML, BEIR, Zendesk, Intercom, Freshdesk")
    parser.add_argument("path", type=_path, metavar="FOLDER_OR_FILE")
    parser.add_argument("--format", choices=FORMATS, help="what the files are; found out by their content otherwise")
    parser.add_argument("--source", help="names where they come from: the same name and id is the same article")
    parser.add_argument(
        "--visibility",
        choices=get_args(Visibility),
        help="who may see them at most, and who those that do not say it (default: as the source says, or else staff)",
    )
    parser.add_argument("--overwrite", action="store_true", help="write over what editors have changed since")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, tell what would be done")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def _path(text: str) -> Path:
    if not text.strip():
        # An empty path would be the folder that one stands in, and a variable that is not set would publish it.
        raise argparse.ArgumentTypeError("name a folder or a file")
    return Path(text)


def run(arguments: argparse.Namespace) -> int:
    """Import and print what was done; status 2 if nothing could be read."""
    if arguments.source is not None and not 0 < len(arguments.source.strip()) <= 120:
        raise ConfigurationError("--source must be a name of 1 to 120 characters.")
    log_to_stderr()
    began = time.perf_counter()
    report, index = asyncio.run(_import(load_settings(), arguments))
    seconds = time.perf_counter() - began
    if arguments.json:
        print_json(_as_json(report, index, seconds, dry=arguments.dry_run))
    else:
        _print(report, index, seconds, dry=arguments.dry_run)
    if report.read == 0:
        hint = "See the reasons above." if report.broken else "Name the kind with --format if it was not recognised."
        print(f"baton: no article could be read from {arguments.path}. {hint}", file=sys.stderr)
        return 2
    return 0


async def _import(settings: Settings, arguments: argparse.Namespace) -> tuple[ImportReport, dict[str, Any]]:
    database = Database.open(settings.database)
    try:
        await migrate(database)
        await renew_passages(database)
        with Meter("reading and writing articles") as meter:
            report = await import_articles(
                database,
                arguments.path,
                SystemClock(),
                format=arguments.format,
                source=arguments.source,
                visibility=arguments.visibility,
                overwrite=arguments.overwrite,
                dry=arguments.dry_run,
                progress=meter.show,
            )
        index: dict[str, Any] = {"by": "nobody", "articles": 0, "passages": 0, "note": ""}
        if not arguments.dry_run and report.read:
            index = await _index(settings, database)
        return report, index
    finally:
        await database.close()


async def _index(settings: Settings, database: Database) -> dict[str, Any]:
    """Bring the index up to date, unless a running service does: the embedded one has a single holder."""
    from core.embedding import OnnxEncoder
    from knowledge.index import KnowledgeIndex
    from knowledge.index_folder import IndexInUse

    done: dict[str, Any] = {"by": "nobody", "articles": 0, "passages": 0, "note": ""}
    try:
        encoder = await asyncio.to_thread(OnnxEncoder, settings.encoder)
    except ConfigurationError as error:
        return done | {"note": f"Searched by words alone until there are vectors. {error.message}"}
    index = KnowledgeIndex(
        database, encoder, settings.home / "chroma", settings.chroma_url, threads=os.cpu_count() or 1
    )
    waited = 0.0
    while True:
        try:
            await index.open()
            break
        except IndexInUse as error:
            if error.stays:
                note = "The running service has the index open and takes the changes into it; they are found by words until then."
                return done | {"by": "service", "note": note}
            if waited >= PATIENCE:
                return done | {
                    "note": f"{error.message} The next baton run, search or import takes the changes into it."
                }
            if waited == 0:
                print("  Waiting for another command that has the index open …", file=sys.stderr, flush=True)
            await asyncio.sleep(0.5)
            waited += 0.5
    try:
        with Meter("indexing articles") as meter:
            report = await index.refresh(meter.show)
    finally:
        await index.close()
    return done | {"by": "import", "articles": report.indexed, "passages": report.embedded}


def _as_json(report: ImportReport, index: dict[str, Any], seconds: float, *, dry: bool) -> dict[str, Any]:
    return {
        "dry_run": dry,
        "read": report.read,
        "added": report.counts["added"],
        "updated": report.counts["updated"],
        "unchanged": report.counts["unchanged"],
        "kept": report.kept,
        "drafts": report.drafts,
        "visibility_untold": report.untold,
        "too_long": [{"file": file, "line": line, "characters": number} for file, line, number in report.too_long],
        "formats": dict(report.formats),
        "sources": sorted(report.sources),
        "broken": [{"file": one.file, "line": one.line, "reason": one.reason} for one in report.broken],
        "skipped": report.skipped,
        "links_left": [{"file": file, "to": to} for to, file in report.left.items()],
        "index": index,
        "seconds": round(seconds, 3),
    }


def _print(report: ImportReport, index: dict[str, Any], seconds: float, *, dry: bool) -> None:
    for one in report.broken[:NAMED]:
        print(f"broken: {one}", file=sys.stderr)
    if len(report.broken) > NAMED:
        print(f"… and {len(report.broken) - NAMED} more; --json names all.", file=sys.stderr)
    for note in _notes(report):
        print(note)
    if not report.read:
        return
    print(_summary(report))
    if dry:
        print("Nothing was written (--dry-run).")
        return
    if not report.changed:
        print("Nothing has changed since the last import.")
    if index["articles"]:
        print(f"Indexed {index['articles']} articles in {index['passages']} new passages.")
    if index["note"] and (report.changed or index["by"] != "service"):
        print(index["note"])
    print(f"{seconds:.1f} s.")


def _notes(report: ImportReport) -> Iterator[str]:
    """Say what is not as whoever imports may take it to be."""
    if report.skipped:
        yield (
            f"{_files(len(report.skipped))} passed over, being of no known format or from outside the folder: "
            f"{_some(report.skipped)}"
        )
    if report.kept:
        yield (
            f"{len(report.kept)} kept as an editor changed them here ({_some(report.kept)}); --overwrite takes the "
            "source's words."
        )
    if report.left:
        named = _some([f"{file} to {to}" for to, file in report.left.items()])
        yield f"Links to what is not imported were left as they are ({len(report.left)}): {named}"
    if report.too_long:
        named = _some([f"{file}:{line}, {characters:,}" for file, line, characters in report.too_long])
        yield (
            f"Longer than the desk can edit, {LONGEST_CONTENT:,} characters ({len(report.too_long)}): {named}. Readers see "
            "them whole; divide them at their source to edit them here."
        )
    if report.untold:
        yield (
            f"{report.untold} came in for staff alone, as nothing says who may see them. Add the folders to the export, or say "
            "it with --visibility."
        )


def _summary(report: ImportReport) -> str:
    by_format = ", ".join(f"{number} {name}" for name, number in report.formats.items() if number)
    return (
        f"Read {by_format}: {report.counts['added']} new, {report.counts['updated']} updated, "
        f"{report.counts['unchanged']} unchanged, {len(report.kept)} kept, {len(report.broken)} broken; {report.drafts} of "
        "them drafts."
    )


def _some(names: Sequence[str]) -> str:
    """Name the first few."""
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
