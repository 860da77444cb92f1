"""Measures how the shipped pipeline understands messages that it was not written for, beside Rasa's default pipeline with DIET.

    .venv/bin/python benchmarks/intents.py TRAIN.csv TEST.csv [--validation V.csv] [--peer rasa-default] [--tune auto|true|false] [--json]

The files have the columns text and intent; `out_of_scope` is the label of "none of these", and TRAIN may lack it. What is trained is the
checkout's `config.yml`, by the functions of `baton train`, with only the training data replaced. The thresholds are learned from TRAIN
alone; V is measured too, nothing is tuned on it. --tune is BATON_TUNE_ENCODER, `auto` as shipped; --untuned is --tune false. Anything but
an answer ("did you mean …?", "I don't know", another language) counts as `out_of_scope`: wrong for a message in scope, whatever was
offered, and right for one out of scope. `asked` tells how many were asked about, and `asked_with_it` how many of those in scope had their
intent among the choices. The peer decides by its own FallbackClassifier.

DIET's default of 100 epochs takes an hour or more on thousands of messages. --peer-epochs N trains it for one epoch and for N of them, and
tells what 100 would take by the difference; what it understands is then not told, since it has not learned to its end.

`fit_s` is wall time from texts to a trained model, tuning and Rasa's start included, `fit_cpu_s` the processor's. Both are null, and
`fit_untold` says why, where --work names a folder that was worked in before: what was trained then is taken from there. `parse_ms_p50` is
of one message at a time through Rasa's agent.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from intents_peer import DIET_EPOCHS, estimate_peer, processor_seconds, train_peer, write_nlu
from running import HOME, RASA, ROOT, quiet
from telling import say

from core.errors import BatonError, ConfigurationError
from core.text import text_of
from server.training import as_read, is_to_be_tuned, run_rasa, scope_of, tuned_encoder
from server.training_files import OUT_OF_SCOPE, IntentExample, contradictions, too_many

NO_ANSWER = {None, "", OUT_OF_SCOPE, "nlu_fallback", "nlu_unsure", "foreign_language", "no_words"}
FIGURES = ("accuracy", "in_scope_accuracy", "oos_recall", "mcc", "asked", "asked_with_it")
UNTOLD = "parts that were trained before were taken from the folder of --work"
"""Why the times of a training are null."""
SMALLER_IS_BETTER = {"fit_s", "fit_cpu_s", "parse_ms_p50", "rss_mb"}


def read(path: Path, *, to_train: bool) -> list[IntentExample]:
    """Read a file of labelled messages.

    Raises:
        ConfigurationError: it cannot be read, a row has no intent, or there is nothing in it to tell apart; names file and line.
    """
    content = text_of(path)
    examples = [one for one in _rows(content, path) if one.text.strip() or not to_train]
    intents = Counter(one.intent for one in examples)
    if to_train and len(set(intents) - {OUT_OF_SCOPE}) < 2:
        raise ConfigurationError(
            f"{path}:2: there are examples of {len(intents)} intent here ({', '.join(intents) or 'none'}); "
            "two are the least there is to tell apart."
        )
    if not examples:
        raise ConfigurationError(f"{path}:1: there is no message in it.")
    if to_train and (refused := too_many(examples)):
        raise ConfigurationError(refused[0])
    notes = contradictions(examples) if to_train else []
    for note in notes[:5]:
        say(f"note: {note}")
    if len(notes) > 5:
        say(f"note: {len(notes) - 5} more like these in {path}")
    return examples


def _rows(content: str, path: Path) -> Iterator[IntentExample]:
    """Yield the labelled messages of a file; a row without anything in it is none."""
    csv.field_size_limit(10_000_000)
    # Not by splitlines(): a message may hold a line separator that only Unicode takes for one.
    reader = csv.DictReader(io.StringIO(content.replace("\x00", ""), newline=""), skipinitialspace=True)
    reader.fieldnames = [name.strip().casefold() for name in reader.fieldnames or ()]
    if any(reader.fieldnames.count(name) != 1 for name in ("text", "intent")):
        raise ConfigurationError(f"{path}:1: the first line must name the columns text and intent, each once.")
    for row in _readable(reader, path):
        where = f"{path}:{reader.line_num}"
        if None in row:
            raise ConfigurationError(f"{where}: there are more values than columns. Put a text with a comma in quotes.")
        text, intent = row["text"] or "", (row["intent"] or "").strip()
        if intent:
            yield IntentExample(text, trained_label(intent), where)
        elif any((value or "").strip() for value in row.values()):
            raise ConfigurationError(f"{where}: this message has no intent.")


def _readable(reader: csv.DictReader[str], path: Path) -> Iterator[dict[str, Any]]:
    try:
        yield from reader
    except csv.Error as error:
        # The rows' own reader: that of the names counts a line when it has been read.
        raise ConfigurationError(f"{path}:{reader.reader.line_num}: {error}.") from error


def trained_label(label: str) -> str:
    """Return the name under which a label is trained and compared; two labels never share one.

    Rasa would cut a label at its first slash (what follows names a response), and those of `NO_ANSWER` say that there is no answer.
    """
    name = label.replace("%", "%25").replace("/", "%2F")
    return f"{name}%" if name in NO_ANSWER - {OUT_OF_SCOPE} else name


def train_baton(
    train: Sequence[IntentExample], folder: Path, *, encoder: Path, tune: str
) -> tuple[Path, dict[str, Any]]:
    """Train the shipped pipeline; returns the archive and the time it took."""
    pairs = [(one.text, one.intent) for one in train]
    tuned = is_to_be_tuned(tune, pairs)
    say(f"training Baton on {len(train)} messages, {'' if tuned else 'un'}tuned …")
    began, used = time.perf_counter(), processor_seconds()
    if tuned:
        encoder = tuned_encoder(encoder, folder / "encoder", as_read(RASA, encoder, pairs), say=say)
    nlu = write_nlu(train, folder / "nlu.json")
    archive = run_rasa(
        RASA, ["train", "nlu", "--nlu", nlu], encoder=encoder, out=folder, name="baton", cache=folder / "cache"
    )
    times = {"fit_s": round(time.perf_counter() - began, 1), "fit_cpu_s": round(processor_seconds() - used, 1)}
    scope = scope_of(archive)
    scope["held_out"].pop("taken_for", None)  # pairs of intents, for who knows what follows each
    return archive, {**times, "tuned": tuned, "scope": scope}


def measure(
    archive: Path, tests: Sequence[Sequence[IntentExample]], folder: Path, *, plain: bool
) -> list[dict[str, Any]]:
    """Have the model read the tests, and compare with their labels."""
    every = [one for test in tests for one in test]
    say(f"reading {len(every)} messages …")
    texts, out = folder / "texts.json", folder / "parsed.json"
    texts.write_text(json.dumps([one.text for one in every]), encoding="utf-8")
    command = [
        RASA,
        ROOT / "benchmarks" / "intents_parse.py",
        archive,
        texts,
        out,
        *(["--plain-rasa"] if plain else []),
    ]
    environment = {**os.environ, **quiet(), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ConfigurationError(f"The model could not read the messages:\n{done.stderr[-1500:]}")
    parsed = json.loads(out.read_text(encoding="utf-8"))
    found, start = [], 0
    for test in tests:
        end = start + len(test)
        figures = compare([one.intent for one in test], parsed["intents"][start:end])
        figures["parse_ms_p50"] = round(statistics.median(parsed["seconds"][start:end]) * 1000, 2)
        found.append({**figures, "rss_mb": parsed["rss_mb"]})
        start = end
    return found


def compare(truth: Sequence[str], parsed: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of one test set; `None` where there is nothing to divide by."""
    from sklearn.metrics import matthews_corrcoef

    said = [OUT_OF_SCOPE if one["name"] in NO_ANSWER else str(one["name"]) for one in parsed]
    inside = [number for number, label in enumerate(truth) if label != OUT_OF_SCOPE]
    outside = [number for number, label in enumerate(truth) if label == OUT_OF_SCOPE]
    asked = [number for number, one in enumerate(parsed) if one["decision"] == "ask" and said[number] == OUT_OF_SCOPE]
    asked_inside = [number for number in asked if truth[number] != OUT_OF_SCOPE]

    def right(numbers: Sequence[int]) -> float | None:
        return _share(sum(said[number] == truth[number] for number in numbers), len(numbers))

    return {
        "accuracy": right(range(len(truth))),
        "in_scope_accuracy": right(inside),
        "oos_recall": right(outside),
        "mcc": round(float(matthews_corrcoef(truth, said)), 4),
        "asked": _share(len(asked), len(truth)),
        "asked_with_it": _share(
            sum(truth[number] in parsed[number]["choices"] for number in asked_inside), len(asked_inside)
        ),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def ratios(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    """Compare figure by figure, above 1 where Baton is better."""
    found = {}
    for name, value in theirs.items():
        mine = ours.get(name)
        if isinstance(value, (int, float)) and isinstance(mine, (int, float)) and value and mine:
            found[name] = round(value / mine if name in SMALLER_IS_BETTER else mine / value, 3)
    return found


def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Read the files, train and measure."""
    train = read(chosen.train, to_train=True)
    tests = [read(path, to_train=False) for path in (chosen.test, chosen.validation) if path is not None]
    ours = _side(
        "baton",
        tests,
        folder / "baton",
        lambda part: train_baton(train, part, encoder=chosen.encoder, tune=chosen.tune),
    )
    theirs: list[dict[str, Any]] | list[None] = [None] * len(tests)
    if chosen.peer and chosen.peer_epochs:
        worked = was_worked_in(folder / "peer")
        times = estimate_peer(train, folder / "peer", epochs=chosen.peer_epochs)
        theirs = [{**times, **(untold() if worked else {})}] * len(tests)
    elif chosen.peer:
        theirs = _side("peer", tests, folder / "peer", lambda part: train_peer(train, part))
    result = [
        {"baton": mine, "peer": peer, "ratio": ratios(mine, peer) if peer else None}
        for mine, peer in zip(ours, theirs, strict=True)
    ]
    return {**result[0], "validation": result[1] if chosen.validation else None}


def _side(
    name: str,
    tests: Sequence[Sequence[IntentExample]],
    folder: Path,
    fit: Callable[[Path], tuple[Path, dict[str, Any]]],
) -> list[dict[str, Any]]:
    folder.mkdir(parents=True, exist_ok=True)
    worked = was_worked_in(folder)
    archive, times = fit(folder)
    times |= untold() if worked else {}
    return [{**figures, **times} for figures in measure(archive, tests, folder, plain=name == "peer")]


def was_worked_in(folder: Path) -> bool:
    """Tell whether a training may take something from a folder: a tuned encoder, or what Rasa has kept of its parts."""
    return any(folder.rglob("encoder.json")) or any(folder.rglob("cache/*"))


def untold() -> dict[str, Any]:
    """Return the times of a training that was none from the beginning, and why they are not told."""
    return {"fit_s": None, "fit_cpu_s": None, "fit_untold": UNTOLD}


def print_table(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    columns = (*FIGURES, "fit_s", "fit_cpu_s", "parse_ms_p50", "rss_mb")
    for title, rows in (("test", result), ("validation", result["validation"])):
        if rows:
            print(f"{title:12}" + "".join(f"{one:>19}" for one in columns))
            for name in ("baton", "peer", "ratio"):
                if rows[name]:
                    figures = ("-" if rows[name].get(one) is None else str(rows[name][one]) for one in columns)
                    print(f"{name:12}" + "".join(f"{one:>19}" for one in figures))
    if why := result["baton"].get("fit_untold"):
        print(f"fit_s and fit_cpu_s are not told: {why}")


def main() -> int:
    """Run the command; 0 on success, 2 with a sentence on an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, metavar="TRAIN.csv")
    parser.add_argument("test", type=Path, metavar="TEST.csv")
    parser.add_argument("--validation", type=Path, metavar="V.csv", help="measured too; nothing is tuned on it")
    parser.add_argument("--peer", choices=["rasa-default"], help="train and measure Rasa's default pipeline as well")
    parser.add_argument("--peer-epochs", type=int, metavar="N", help="of the peer only tell how long it would train")
    parser.add_argument("--tune", choices=["auto", "true", "false"], default="auto", help="as BATON_TUNE_ENCODER")
    parser.add_argument("--untuned", action="store_const", const="false", dest="tune", help="as --tune false")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="keep models here, and take an encoder tuned on the same examples from here",
    )
    parser.add_argument("--encoder", type=Path, default=HOME / "models" / "encoder", metavar="DIR")
    chosen = parser.parse_args()
    if chosen.peer_epochs is not None and not 2 <= chosen.peer_epochs <= DIET_EPOCHS:
        parser.error(f"--peer-epochs is 2 to {DIET_EPOCHS}: the cost of an epoch is the difference between one and N.")
    try:
        with tempfile.TemporaryDirectory(prefix="baton-intents-") as folder:
            result = run(chosen, chosen.work or Path(folder))
    except BatonError as error:
        say(error.message)
        return 2
    if chosen.json:
        print(json.dumps(result, indent=1))
    else:
        print_table(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
