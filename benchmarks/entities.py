"""Measures the entities on messages kept out of training: the rules alone beside the rules with the trained model.

    OMP_NUM_THREADS=1 PYTHONPATH=. .venv-rasa/bin/python benchmarks/entities.py [--development] [--encoder DIR] [--json]

Runs in the bot's environment. The model is trained as `baton train` trains it, from data/entities and the annotations in data/nlu;
the messages are tests/bot/data/entities.yml. Counted are products, plans, persons and companies that no list has; a span counts
where start, end and type are right. `fit_s` and `ms` are processor time, `ms` of one message.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HELD_OUT = ROOT / "tests" / "bot" / "data" / "entities.yml"
DEVELOPMENT = HELD_OUT.with_name("entities_development.yml")
_MARKED = re.compile(r"\[([^\]]+)\]\((\w+)\)")
Spans = set[tuple[int, int, str]]


def unmarked(line: str) -> tuple[str, Spans]:
    """Returns a line without its marks, and the marked spans."""
    text, spans, done = "", set(), 0
    for found in _MARKED.finditer(line):
        text += line[done : found.start()]
        spans.add((len(text), len(text) + len(found[1]), found[2]))
        text, done = text + found[1], found.end()
    return text + line[done:], spans


def measure(
    reader: Any, kinds: tuple[str, ...], messages: list[tuple[str, Spans]], wrong: Callable[[str], frozenset[str]]
) -> dict[str, float]:
    """Returns precision and recall, of all kinds and of each, and the time of a message; `wrong` tells a message's mistyped words."""
    right, false, missed = Counter[str](), Counter[str](), Counter[str]()
    for text, wanted in messages:
        got = {
            (one["start"], one["end"], one["entity"])
            for one in reader.extract(text, wrong(text))
            if one["entity"] in kinds
        }
        # A rule's plan includes the word plan after it.
        got = {(a, a + len(text[a:b].split()[0]) if kind == "plan" else b, kind) for a, b, kind in got}
        right.update(kind for *_, kind in got & wanted)
        false.update(kind for *_, kind in got - wanted)
        missed.update(kind for *_, kind in wanted - got)
    began = time.process_time()
    for text, _ in messages * 5:
        reader.extract(text, wrong(text))
    figures = {"ms": round((time.process_time() - began) / len(messages) / 5 * 1000, 3)}
    for name, chosen in (("all", kinds), *((kind, (kind,)) for kind in kinds)):
        found, said, there = (
            sum(counted[kind] for counted in counters for kind in chosen)
            for counters in ((right,), (right, false), (right, missed))
        )
        figures[f"{name}_precision"] = round(found / said, 3) if said else 0.0
        figures[f"{name}_recall"] = round(found / there, 3) if there else 0.0
    return figures


def main() -> int:
    """Runs the command."""
    parser = argparse.ArgumentParser(description="Measure the entities on held-out messages.")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--development", action="store_true", help="measure on the messages that are tuned by instead")
    encoder = ROOT / "var" / "models" / "encoder"
    parser.add_argument("--encoder", type=Path, default=encoder, metavar="DIR", help="whose words are common ones")
    arguments = parser.parse_args()
    from bot.launch import leave_out_tensorflow

    leave_out_tensorflow()
    import yaml
    from rasa.shared.nlu.constants import ENTITIES, TEXT
    from rasa.shared.nlu.training_data.loading import load_data

    from bot.encoder import words_of_encoder
    from bot.entities import NAMES, EntityReader
    from bot.entity_training import LEARNED, learn_names
    from bot.spelling import Speller, mistyped

    file = DEVELOPMENT if arguments.development else HELD_OUT
    settings = {**EntityReader.get_default_config(), "encoder": str(arguments.encoder)}
    began = time.process_time()
    examples = load_data(str(ROOT / "data" / "nlu")).intent_examples
    model = learn_names(NAMES, examples, settings["epochs"], words_of_encoder(settings))
    fit_s = round(time.process_time() - began, 2)
    messages = [unmarked(line) for line in yaml.safe_load(file.read_text(encoding="utf-8"))["messages"]]
    names = [
        one.get(TEXT)[name["start"] : name["end"]]
        for one in examples
        for name in one.get(ENTITIES) or []
        if name.get("start") is not None
    ]
    speller = Speller.of((one.get(TEXT) for one in examples), frozenset(words_of_encoder(settings)), names)

    def wrong(text: str) -> frozenset[str]:
        return mistyped(text, speller.corrected(text))

    baton = measure(EntityReader(settings, None, None, model), LEARNED, messages, wrong)
    peer = measure(EntityReader(settings, None, None, None), LEARNED, messages, wrong)
    result = {
        "baton": {**baton, "fit_s": fit_s},
        "peer": peer,
        "ratio": {name: round(baton[name] / peer[name], 3) for name in ("all_precision", "all_recall") if peer[name]},
    }
    if arguments.json:
        print(json.dumps(result, indent=2))
        return 0
    print(f"{'':20}{'rules and model':>18}{'rules alone':>14}")
    for name, figure in baton.items():
        print(f"{name:20}{figure:18}{peer[name]:14}")
    print(f"trained in {fit_s} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
