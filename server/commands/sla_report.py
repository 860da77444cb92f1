"""`baton report sla`: how well promises are kept, and which category breaches them systematically."""

from __future__ import annotations

import argparse
import asyncio

from core.clock import SystemClock
from core.database import Database
from handoff.sla.clock_words import metric_in_words
from insights.sla import DIMENSIONS, Kept, SlaReport, sla_report
from server.commands.output import print_json, print_table
from server.migrate import migrate
from server.settings import Settings, load_settings
from server.sla_report_view import sla_report_view

_STATES = {"queue": "in the queue", "person": "with a person", "customer": "waiting for the customer"}


def run_sla(arguments: argparse.Namespace) -> int:
    """Print the report."""
    report = asyncio.run(_report(load_settings(), arguments.days))
    if arguments.json:
        print_json(sla_report_view(report))
        return 0
    print(f"Promises decided from {report.since:%Y-%m-%d} to {report.until:%Y-%m-%d} UTC\n")
    rows = [
        (metric_in_words(metric), _kept(report.overall.get(metric)), str(one.count), _minutes(one.median), _minutes(one.p90))
        for metric, one in report.times.items()
    ]  # fmt: skip
    print_table(rows, headings=("", "kept", "done", "median", "90 % within"))
    for dimension in DIMENSIONS:
        groups = report.by[dimension]
        if groups:
            print()
            metrics = list(report.times)
            table = [(name, *(_kept(kept.get(metric)) for metric in metrics)) for name, kept in groups.items()]
            print_table(table, headings=(f"by {dimension}", *(metric_in_words(metric) for metric in metrics)))
    print()
    states = [
        (_STATES[state], str(one.tickets), _minutes(one.median), _minutes(one.minutes))
        for state, one in report.states.items()
    ]
    print_table(states, headings=("tickets were", "tickets", "median", "in all"))
    print()
    for one in report.systematic:
        print(one.words)
    if not report.systematic:
        print("No category breaches systematically.")
    return 0


async def _report(settings: Settings, days: int) -> SlaReport:
    database = Database.open(settings.database)
    try:
        await migrate(database)
        async with database.read() as reader:
            return await sla_report(reader, days, SystemClock().now())
    finally:
        await database.close()


def _kept(kept: Kept | None) -> str:
    if kept is None or kept.attainment is None:
        return "-"
    return f"{kept.attainment:.1%} of {kept.decided}"


def _minutes(minutes: float | None) -> str:
    if minutes is None:
        return "-"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
