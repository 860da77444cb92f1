"""`baton report`: what people search for and where it fails them, promises kept, and the articles that wait for a review."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from core.clock import SystemClock, iso
from core.database import Database
from core.embedding import OnnxEncoder
from core.errors import ConfigurationError, Invalid
from insights.question_groups import Grouping
from insights.search_figures import KINDS, Counts, Kind, SearchReport, period_of
from insights.searches import search_report
from knowledge.articles import article_url
from knowledge.reviews import Review, list_reviews
from server.commands.output import print_json, print_table
from server.commands.sla_report import run_sla
from server.migrate import migrate
from server.search_report_view import article_views, counts_view, group_views, period_view, week_views
from server.settings import Settings, load_settings

GROUPED_AT_ONCE = 2_000
"""New questions that the command groups before it reports, some ten seconds; the running service groups the rest."""
MOST_REVIEWS = 1_000
_HEADINGS: dict[Kind, str] = {
    "asked": "Most asked",
    "no_result": "No result: no article answers",
    "no_click": "Results, but nothing was opened",
    "handed_over": "Followed by a handoff",
}


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser("report", help="what people search for, promises kept, articles that wait for a review")
    reports = parser.add_subparsers(title="reports", required=True, metavar="REPORT")
    searches = reports.add_parser("searches", help="questions in groups, with their trend and the weeks")
    searches.add_argument(
        "--days", type=int, default=30, help="how far back, compared with as long before (%(default)s)"
    )
    searches.add_argument("--limit", type=int, default=10, help="groups in each list (%(default)s)")
    searches.add_argument("--kind", choices=KINDS, help="only this list")
    searches.add_argument("--surface", action="append", default=[], help="only searches from here; may be repeated")
    searches.add_argument("--json", action="store_true")
    searches.set_defaults(run=run_searches)
    sla = reports.add_parser(
        "sla", help="promises kept by policy, team, category and week, and who breaches systematically"
    )
    sla.add_argument("--days", type=int, default=30, help="how far back (%(default)s)")
    sla.add_argument("--json", action="store_true")
    sla.set_defaults(run=run_sla)
    reviews = reports.add_parser("reviews", help="articles that wait for a review, and why")
    reviews.add_argument("--closed", action="store_true", help="the closed ones instead")
    reviews.add_argument("--limit", type=int, default=50, help="reviews at most (%(default)s)")
    reviews.add_argument("--json", action="store_true")
    reviews.set_defaults(run=run_reviews)


def run_searches(arguments: argparse.Namespace) -> int:
    """Print what people search for."""
    kinds: Sequence[Kind] = (arguments.kind,) if arguments.kind else KINDS
    report = asyncio.run(_search_report(load_settings(), arguments, kinds))
    if arguments.json:
        print_json(
            {
                "period": period_view(report),
                "now": counts_view(report.now),
                "before": counts_view(report.before),
                "weeks": week_views(report),
                "groups": {kind: group_views(report, kind) for kind in kinds},
                "ungrouped": report.ungrouped,
                "suggested": article_views(report.suggested),
            }
        )
        return 0
    _print_counts(report)
    for kind in kinds:
        _print_groups(report, kind)
    if report.suggested:
        print("\nOpened where the widget suggested them")
        print_table(
            [(f"{one.shown:,}", one.title or one.article_id) for one in report.suggested],
            headings=("opened", "article"),
        )
    if report.ungrouped:
        print(f"\n{report.ungrouped} wordings are not grouped yet and stand for themselves; the service groups them.")
    return 0


def run_reviews(arguments: argparse.Namespace) -> int:
    """Print the reviews.

    Raises:
        Invalid: the limit is out of bounds.
    """
    if not 1 <= arguments.limit <= MOST_REVIEWS:
        raise Invalid(f"limit must be between 1 and {MOST_REVIEWS}.", field="limit")
    found = asyncio.run(_reviews(load_settings(), arguments))
    if arguments.json:
        print_json({"reviews": [_review(one) for one in found]})
        return 0
    if not found:
        print("No review is closed yet." if arguments.closed else "No article waits for a review.")
    for one in found:
        print(f"{one.title}  ({article_url(one.slug)}, since {one.opened_at:%Y-%m-%d}, {one.id})")
        for reason in one.reasons:
            print(f"  - {reason}")
        if one.closed_at is not None:
            note = f": {one.note}" if one.note else ""
            print(f"  closed {one.closed_at:%Y-%m-%d} by {one.closed_by_name}, {one.outcome}{note}")
    return 0


async def _search_report(settings: Settings, arguments: argparse.Namespace, kinds: Sequence[Kind]) -> SearchReport:
    period = period_of(arguments.days, SystemClock().now(), arguments.surface)
    database = Database.open(settings.database)
    try:
        await migrate(database)
        await _group(database, settings)
        async with database.read() as reader:
            return await search_report(reader, period, kinds=kinds, limit=arguments.limit)
    finally:
        await database.close()


async def _group(database: Database, settings: Settings) -> None:
    try:
        encoder = await asyncio.to_thread(OnnxEncoder, settings.encoder)
    except ConfigurationError:
        return  # Questions that are not grouped stand for themselves, and the report says so.
    shows = sys.stderr.isatty()

    def progress(done: int) -> None:
        if shows:
            print(f"\r  grouping new questions … {done}", end="", file=sys.stderr, flush=True)

    grouped = await Grouping(database, encoder).group_some(GROUPED_AT_ONCE, progress)
    if grouped and shows:
        print(file=sys.stderr)


async def _reviews(settings: Settings, arguments: argparse.Namespace) -> list[Review]:
    database = Database.open(settings.database)
    try:
        await migrate(database)
        async with database.read() as reader:
            return await list_reviews(reader, closed=arguments.closed, limit=arguments.limit)
    finally:
        await database.close()


def _print_counts(report: SearchReport) -> None:
    period = report.period
    print(f"Searches from {period.since:%Y-%m-%d} to {period.until:%Y-%m-%d} UTC ({', '.join(period.surfaces)})\n")
    rows = [("this period", *_cells(report.now)), ("the one before", *_cells(report.before))]
    rows += [(f"week of {week.begins:%Y-%m-%d}", *_cells(week.counts)) for week in report.weeks]
    print_table(rows, headings=("", "searches", "no result", "nothing opened", "handed over"))


def _cells(counts: Counts) -> tuple[str, ...]:
    kinds: tuple[Kind, ...] = ("no_result", "no_click", "handed_over")
    return (f"{counts.asked:,}", *(_percent(counts.share(kind)) for kind in kinds))


def _print_groups(report: SearchReport, kind: Kind) -> None:
    print(f"\n{_HEADINGS[kind]}")
    groups = report.groups[kind]
    if not groups:
        print("  none")
        return
    rows = [
        (
            str(group.count),
            "new" if group.change is None else f"{group.change:+.0%}",
            _short(group.question, 70),
            _short("; ".join(one.title or one.article_id for one in group.articles[:2]), 60),
            str(len(group.wordings)) if len(group.wordings) < 5 else "5+",
        )
        for group in groups
    ]
    print_table(rows, headings=("times", "trend", "question", "articles shown", "wordings"))


def _review(one: Review) -> dict[str, Any]:
    return {
        "id": one.id, "article_id": one.article_id, "slug": one.slug, "title": one.title, "opened_at": iso(one.opened_at),
        "helpful": one.helpful, "not_helpful": one.not_helpful, "reasons": list(one.reasons), "outcome": one.outcome,
        "closed_at": None if one.closed_at is None else iso(one.closed_at), "closed_by": one.closed_by_name, "note": one.note,
    }  # fmt: skip


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _short(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
