"""`baton train`: exports the sentence encoder, trains the assistant in the bot's environment, and the head of triage."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigurationError
from server.children import QUIET
from server.commands.output import print_json, print_table, step
from server.processes import inherited
from server.settings import ROOT, Settings, load_settings

MODEL_NAME = "assistant"
_UTTERED = re.compile(r"\baction:\s*(utter_\w+)|\"(utter_\w+)\"")


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser("train", help="export the sentence encoder, train the assistant and triage")
    parts_of_it = parser.add_mutually_exclusive_group()
    parts_of_it.add_argument("--encoder-only", action="store_true", help="export the encoder, train nothing")
    parts_of_it.add_argument("--triage-only", action="store_true", help="train triage, not the assistant")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Export where needed, train, and say where the model is."""
    settings = load_settings()
    if not (settings.encoder / "encoder.json").is_file():
        with step("Exporting the sentence encoder"):
            export(settings)
    model = None
    if not (arguments.encoder_only or arguments.triage_only):
        with step("Training the assistant"):
            model = train(settings)
    triage = None if arguments.encoder_only else train_triage(settings)
    if arguments.json:
        print_json({"encoder": str(settings.encoder), "model": None if model is None else str(model), "triage": triage})
        return 0
    if model is not None:
        print(f"Trained: {model}. A running service takes it at its next start.")
    if triage is not None:
        print_triage(triage)
    return 0


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


def export(settings: Settings) -> None:
    """Export the encoder in a process of its own, whose torch goes with it.

    Raises:
        ConfigurationError: it failed; what it printed stands above.
    """
    command = [sys.executable, "-m", "core.embedding", "export", str(settings.encoder)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:  # noqa: S603
        raise ConfigurationError("The sentence encoder could not be exported; what went wrong stands above.")


def train(settings: Settings) -> Path:
    """Train the assistant and return its archive.

    Raises:
        ConfigurationError: Rasa refused the training data or the settings; what it printed stands above.
    """
    if not settings.bot_python.exists():
        raise ConfigurationError(f"The bot's environment is missing ({settings.bot_python}). Run make setup.")
    check_responses(ROOT)
    settings.models.mkdir(parents=True, exist_ok=True)
    command = [
        settings.bot_python, "-m", "bot.launch", "train", "--domain", "domain.yml", "--config", "config.yml",
        "--data", "data/nlu", "data/rules.yml", *(["data/stories.yml"] if (ROOT / "data/stories.yml").exists() else []),
        "--skip-validation", "--out", settings.models, "--fixed-model-name", MODEL_NAME, "--quiet",
    ]  # fmt: skip
    environment = {
        **inherited(os.environ),
        **QUIET,
        "PYTHONPATH": str(ROOT),
        "BATON_ENCODER_DIR": str(settings.encoder),
    }
    done = subprocess.run(  # noqa: S603
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    archive = settings.models / f"{MODEL_NAME}.tar.gz"
    if done.returncode != 0 or not archive.is_file():
        print(done.stdout, file=sys.stderr, flush=True)
        raise ConfigurationError("The assistant could not be trained; what Rasa refused stands above.")
    return archive


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
