"""The `baton` command. Each part prints for people, and JSON with `--json`; an error is one sentence and status 2."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from core.errors import BatonError

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    run: Command = chosen.run
    try:
        return run(chosen)
    except BatonError as error:
        print(f"baton: {error.message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Describe every part of the command."""
    from server.commands import doctor, import_articles, report, run, search, train, triage

    parser = argparse.ArgumentParser(
        prog="baton", description="A self-hosted support chatbot that knows when to hand over."
    )
    parts = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (run, train, import_articles, search, triage, report, doctor):
        module.add_to(parts)
    return parser


if __name__ == "__main__":
    sys.exit(main())
