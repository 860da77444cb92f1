"""`baton triage`: what triage makes of one ticket, with its reasons."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
from typing import Any

from core.errors import BatonError
from knowledge.articles import Viewer
from knowledge.results import Result
from server.commands.output import print_json
from server.commands.search import search_once
from server.settings import Settings, load_settings
from tickets.triage import TriageRequest, triage

SUGGESTED = 3


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser("triage", help="explain the triage of one ticket")
    parser.add_argument("text", help="what the customer wrote")
    parser.add_argument("--plan", help="the customer's plan, such as enterprise")
    parser.add_argument("--mrr", type=float, help="the customer's monthly revenue in whole units")
    parser.add_argument("--intent", help="what the assistant took it for")
    parser.add_argument("--confidence", type=float, help="how sure the assistant was, 0 to 1")
    parser.add_argument("--earlier-tickets", type=int, default=0, help="the customer's tickets in the last 90 days")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Triage once and print the result."""
    from server.triage_head import open_head

    settings = load_settings()
    head = open_head(settings)
    request = TriageRequest(
        text=arguments.text,
        intent=arguments.intent,
        intent_confidence=arguments.confidence,
        plan=arguments.plan,
        mrr=arguments.mrr,
        earlier_tickets=arguments.earlier_tickets,
    )
    triage(request, head=head)  # refuses what is no request before the articles are searched, which takes a second
    found = _articles(settings, arguments.text)
    request = dataclasses.replace(request, articles=tuple(one.article_id for one in found))
    result = triage(request, head=head)
    if arguments.json:
        print_json(dataclasses.asdict(result))
        return 0
    print(f"category    {result.category} (confidence {result.confidence:.2f})")
    print(f"priority    {result.priority}")
    print(f"team        {result.team}")
    print(f"tags        {', '.join(result.tags) or 'none'}")
    for one in found:
        print(f"article     {one.title} ({one.url})")
    print("because")
    for reason in result.reasons:
        print(f"  - {reason}")
    return 0


def _articles(settings: Settings, text: str) -> list[Result]:
    """Return the articles that answer a ticket, the best first; none, with a word to the person, where they cannot be searched."""
    if not text.strip():
        return []
    if not (settings.encoder / "encoder.json").is_file():
        print("No article is suggested: there is no encoder to search with yet. Run baton train.", file=sys.stderr)
        return []
    try:
        outcome, _ = asyncio.run(search_once(settings, text, viewer=Viewer.CUSTOMER, limit=SUGGESTED))
    except BatonError as error:
        print(f"No article is suggested: {error.message}", file=sys.stderr)
        return []
    return outcome.results if outcome.answered else []
