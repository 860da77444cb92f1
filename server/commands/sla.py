"""`baton sla`: how each deadline of a ticket came to be, minute by minute of counted and paused time."""

from __future__ import annotations

import argparse
import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import SystemClock
from core.database import Database
from handoff.sla.clock_words import metric_in_words, span_in_words
from server.commands.output import print_json, print_table
from server.migrate import migrate
from server.settings import Settings, load_settings
from server.sla_history_view import ClockHistoryView, TicketHistoryView, history_view


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser("sla", help="explain the clocks of a ticket")
    parser.add_argument("ticket", help="its number, such as FH-1001, or its id")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every clock of the ticket."""
    view = asyncio.run(_history(load_settings(), arguments.ticket))
    if arguments.json:
        print_json(view)
        return 0
    ticket = view["ticket"]
    print(f"{ticket['number']}  {ticket['subject']}")
    print(f"{ticket['status']}, priority {ticket['priority']}, team {ticket['team']}")
    if not view["clocks"]:
        print("\nThis ticket has no clocks.")
    for clock in view["clocks"]:
        _print_clock(clock)
    return 0


async def _history(settings: Settings, ticket: str) -> TicketHistoryView:
    # Brings the tables of conversations, which the other commands do without.
    from handoff.sla.explaining import explain

    database = Database.open(settings.database)
    try:
        await migrate(database)
        now = SystemClock().now()
        async with database.read() as reader:
            found, clocks = await explain(reader, ticket.strip(), now)
        return history_view(found, clocks, now)
    finally:
        await database.close()


def _print_clock(clock: ClockHistoryView) -> None:
    shown, measure = clock["clock"], clock["measure"]
    zone = ZoneInfo(measure["zone"])
    target = span_in_words(timedelta(minutes=shown["target_minutes"]))
    due = "no deadline while it stands still" if shown["due_at"] is None else f"due {_moment(shown['due_at'], zone)}"
    version = f" (version {measure['version']})"
    print(f"\n{metric_in_words(shown['metric'])}: {shown['state']}, {due}")
    print(
        f"  {target} of calendar {measure['calendar']} ({measure['zone']}) by policy {measure['policy']}{version}"
        f" at priority {measure['priority']}; {_span(clock['used_minutes'])} used\n"
    )
    rows = [
        (
            "  " + _moment(part["start"], zone),
            _moment(part["end"], zone),
            part["kind"],
            _span(part["minutes"]) if part["kind"] == "counted" else "-",
            _span(part["total_minutes"]),
            part["mark"] or "",
        )
        for part in clock["segments"]
    ]
    print_table(rows, headings=("  from", "to", "time", "counted", "in all", ""))
    if clock["left_out"]:
        print(f"  … and {clock['left_out']} stretches more")
    print()
    for entry in clock["audit"]:
        late = "" if entry["at"] == entry["noted_at"] else f" (noted {_moment(entry['noted_at'], zone)})"
        print(f"  {_moment(entry['at'], zone)}  {entry['what']:<10}  {entry['words']}{late}")
    for step in clock["escalations"]:
        if step["state"] == "waiting":
            print(f"  {_moment(step['due_at'], zone)}  planned     “{step['rule']}”, if it is still unanswered then.")
        elif step["state"] == "held":
            print(f"  held: “{step['rule']}” stands still while the ticket waits for its customer.")


def _moment(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def _span(minutes: float) -> str:
    return span_in_words(timedelta(minutes=minutes)) or "0 s"
