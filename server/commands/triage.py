"""`baton triage`: what triage makes of one ticket, with its reasons."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from server.commands.output import print_json
from server.settings import load_settings
from tickets.triage import TriageRequest, triage


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

    head = open_head(load_settings())
    result = triage(
        TriageRequest(
            text=arguments.text,
            intent=arguments.intent,
            intent_confidence=arguments.confidence,
            plan=arguments.plan,
            mrr=arguments.mrr,
            earlier_tickets=arguments.earlier_tickets,
        ),
        head=head,
    )
    if arguments.json:
        print_json(dataclasses.asdict(result))
        return 0
    print(f"category    {result.category} (confidence {result.confidence:.2f})")
    print(f"priority    {result.priority}")
    print(f"team        {result.team}")
    print(f"tags        {', '.join(result.tags) or 'none'}")
    print("because")
    for reason in result.reasons:
        print(f"  - {reason}")
    return 0
