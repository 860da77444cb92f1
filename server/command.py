"""The `baton` command. Each part prints for people, and JSON with `--json`; an error is one sentence and status 2."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from core.errors import BatonError

Command = Callable[[argparse.Namespace], int]
COMMANDS = {
    "run": "run", "train": "train", "import": "import_articles", "search": "search", "triage": "triage", "sla": "sla",
    "report": "report", "doctor": "doctor",
}  # fmt: skip
"""The parts in order, each with its module in `server.commands`."""


class _Parser(argparse.ArgumentParser):
    """Refuses what is not right in one line like every other error of the command, the usage being a question away."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"baton: {message[:1].upper()}{message[1:]}; {self.prog} --help tells what there is.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # A command does not wait for what the others import: `run` is to take chats soon.
    parser = build_parser(given[:1] if given and given[0] in COMMANDS else tuple(COMMANDS))
    chosen = parser.parse_args(given)
    run: Command = chosen.run
    try:
        status = run(chosen)
        sys.stdout.flush()
        return status
    except BatonError as error:
        return _refuse(error.message)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever reads has seen enough (`baton report … | head`); nothing more can be written, not even at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        from server.failures import why_not
        from server.settings import load_settings

        # A mistake of our own is shown whole, so that it can be reported.
        if (sentence := why_not(error, load_settings())) is None:
            raise
        return _refuse(sentence)


def _refuse(sentence: str) -> int:
    print(f"baton: {sentence}", file=sys.stderr)
    return 2


def build_parser(commands: Sequence[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Describe these parts of the command, by default every one."""
    parser = _Parser(prog="baton", description="A self-hosted support chatbot that knows when to hand over.")
    parts = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name in commands:
        importlib.import_module(f"server.commands.{COMMANDS[name]}").add_to(parts)
    return parser


if __name__ == "__main__":
    sys.exit(main())
