"""`baton train`: checks the training files, trains the assistant and the head of triage, and says what was learned."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigurationError
from server.commands.output import print_json, print_table, step
from server.settings import ROOT, Settings, load_settings
from server.training import Trained, export_encoder, read_training_files, train
from server.training_files import TrainingFiles

_UTTERED = re.compile(r"\baction:\s*(utter_\w+)|\"(utter_\w+)\"")


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser(
        "train", help="check the training files, tune the encoder, train the assistant and triage"
    )
    parts_of_it = parser.add_mutually_exclusive_group()
    parts_of_it.add_argument("--encoder-only", action="store_true", help="export the encoder, train nothing")
    parts_of_it.add_argument("--triage-only", action="store_true", help="train triage, not the assistant")
    parts_of_it.add_argument("--check-only", action="store_true", help="check the training files, train nothing")
    parser.add_argument("--again", action="store_true", help="train although nothing has changed")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check, export and tune where needed, train, and say what was learned."""
    settings = load_settings()
    assistant = not (arguments.encoder_only or arguments.triage_only)
    files = None
    if assistant:
        check_responses(ROOT)
        files = read_training_files()
        for note in files.notes:
            print(f"  Note: {note}", file=sys.stderr)
    if arguments.check_only and files is not None:
        return _checked(files, as_json=arguments.json)
    with step("Exporting the sentence encoder"):
        export_encoder(settings)
    trained = None
    if files is not None:
        with step("Training the assistant"):
            trained = train(settings, files.examples, say=_say, again=arguments.again)
    triage = None if arguments.encoder_only else train_triage(settings)
    if arguments.json:
        print_json(
            {
                "encoder": str(settings.encoder),
                "assistant_encoder": None if trained is None else str(trained.encoder),
                "model": None if trained is None else str(trained.archive),
                "scope": None if trained is None else trained.scope,
                "triage": triage,
            }
        )
        return 0
    if trained is not None:
        print_assistant(trained)
    if triage is not None:
        print_triage(triage)
    return 0


def _say(words: str) -> None:
    print(f"  {words}", file=sys.stderr, flush=True)


def _checked(files: TrainingFiles, *, as_json: bool) -> int:
    intents = len({one.intent for one in files.examples})
    if as_json:
        print_json({"examples": len(files.examples), "intents": intents, "notes": files.notes})
    else:
        found = "nothing that stops a training; the notes say what is odd" if files.notes else "all as they should be"
        print(f"{len(files.examples)} examples of {intents} intents, {found}.")
    return 0


def print_assistant(trained: Trained) -> None:
    """Print where the model is, and what its thresholds do to messages that it had not seen."""
    fresh = "A running service takes it at its next start." if trained.anew else "Nothing had changed since."
    print(f"Trained: {trained.archive}. {fresh}")
    threshold, ask = trained.scope.get("threshold"), trained.scope.get("ask_threshold")
    seen = trained.scope.get("held_out") or {}
    if threshold is None or ask is None:
        return
    print(f"It answers from a score of {threshold:.2f}, asks what was meant from {ask:.2f}, and declines below.")
    if talk := trained.scope.get("talk_threshold"):
        print(f"Small talk, which would be rude to guess wrongly, is taken for such from {talk:.2f}.")
    if not seen.get("known"):
        print("There are too few examples to tell how often that is right.")
        return
    kinds = ", ".join(
        [
            f"{seen['known']} known",
            *([f"{seen['out_of_scope']} out of scope"] if seen["out_of_scope"] else []),
            *([f"{seen['left_out']} of intents that were left out in turn"] if seen["left_out"] else []),
        ]
    )
    print(f"\nOf messages kept back in training ({kinds}):\n")
    rows = [(words, *(_share(seen.get(name)) for name in names)) for words, *names in _SCOPE_ROWS]
    print_table(rows, headings=("", "known", "out of scope", "left out"))
    print()


_SCOPE_ROWS = (
    ("answered rightly", "answered_rightly", "", ""),
    ("as another intent with the same reply", "answered_alike", "", "left_out_alike"),
    ("answered wrongly", "answered_wrongly", "out_of_scope_answered", "left_out_answered"),
    ("asked, with the right choice", "asked_with_the_intent", "", ""),
    ("asked, without it", "asked_without_it", "out_of_scope_asked", "left_out_asked"),
)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def train_triage(settings: Settings) -> dict[str, Any]:
    """Train the head of triage, and tell what from and how often people corrected it.

    Raises:
        ConfigurationError: a labelled ticket is not right; names file and line.
    """
    from server.triage_head import corrections_in, train_head

    people, corrected, unread = asyncio.run(corrections_in(settings))
    if unread is not None:
        print(f"  Corrections in the database could not be read and are left out: {unread}", file=sys.stderr)
    with step("Training triage"):
        head = train_head(settings, people)
    return {
        "head": str(settings.triage_head),
        "model_id": head.model_id,
        "examples": head.examples,
        "corrections": len(people),
        "by_category": [dataclasses.asdict(one) for one in corrected],
    }


def print_triage(trained: dict[str, Any]) -> None:
    """Print what triage learned from, and how often it was overridden."""
    print(
        f"Triage learned from {trained['examples']} labelled tickets, {trained['corrections']} of them corrected by people:"
        f" {trained['model_id']}."
    )
    rows = [
        (
            one["category"],
            str(one["tickets"]),
            *(_of(one[name], one["tickets"]) for name in ("category_changed", "priority_changed")),
        )
        for one in trained["by_category"]
    ]
    if rows:
        print("\nHow often people changed what triage said:\n")
        print_table(rows, headings=("triage said", "tickets", "other category", "other priority"))


def _of(changed: int, every: int) -> str:
    return f"{changed} ({changed / every:.0%})"


def check_responses(root: Path) -> None:
    """See that everything the assistant says by name has its wording: Rasa itself would say nothing instead.

    Raises:
        ConfigurationError: `domain.yml` cannot be read or lacks a response; names it, and the file and line that say it.
    """
    try:
        worded = set((yaml.safe_load((root / "domain.yml").read_text(encoding="utf-8")) or {}).get("responses") or {})
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise ConfigurationError(f"domain.yml cannot be read: {error}") from error
    for path in [*sorted((root / "data").glob("*.yml")), *sorted((root / "actions").glob("*.py"))]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for found in _UTTERED.finditer(line):
                name = found.group(1) or found.group(2)
                if name not in worded:
                    where = f"{path.relative_to(root)}:{number}"
                    raise ConfigurationError(f"domain.yml has no response {name}, which {where} says. Add its wording.")
