"""Measures the product's ticket classifier beside TF-IDF with a linear support vector machine, both trained in this run.

    python benchmarks/triage.py TRAIN.csv TEST.csv [--validation V.csv] [--json] [--encoder DIR] [--no-peer]

The files have the columns text and category; any others are passed over. What is measured is `tickets.learning.learn` and what it
returns, as `baton train` uses them, without Baton's rules, which are about its own categories. Nothing is tuned on the validation file:
where it is given, a second table has its figures. The peer decides by LinearSVC's margin; its confidence is CalibratedClassifierCV's.
`auto_precision` is the share of right ones among the tickets with a confidence above 0.9, `auto_coverage` their share of all.
`fit_s` is wall time from texts to a trained model, the embedding included.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from telling import say

from core.embedding import OnnxEncoder
from core.errors import BatonError, ConfigurationError
from tickets.examples import Example, read_examples
from tickets.learning import learn
from tickets.triage import AUTO_REPLY_ABOVE

ROOT = Path(__file__).parents[1]
SEED = 0
Figures = dict[str, float | None]


def read(path: Path) -> list[Example]:
    """Read a file, say what is odd about it, and go on with what can be used.

    Raises:
        ConfigurationError: it cannot be read, or nothing in it can be used.
    """
    examples, problems = read_examples(path)
    for one in problems[:5]:
        say(f"note: {one}")
    if len(problems) > 5:
        say(f"note: {len(problems) - 5} more like these in {path}")
    if not examples:
        raise ConfigurationError(f"{path}:1: there is no ticket in it.")
    return examples


def measure(truth: Sequence[str], said: Sequence[str], confidence: npt.NDArray[np.float64], fit_s: float) -> Figures:
    """Compare what was said with the truth."""
    from sklearn.metrics import f1_score

    right = np.array(truth, dtype=object) == np.array(said, dtype=object)
    sure = confidence > AUTO_REPLY_ABOVE
    return {
        "accuracy": round(float(right.mean()), 4) if len(right) else None,
        "macro_f1": round(float(f1_score(truth, said, average="macro", zero_division=0)), 4) if len(right) else None,
        "auto_precision": round(float(right[sure].mean()), 4) if sure.any() else None,
        "auto_coverage": round(float(sure.mean()), 4) if len(right) else None,
        "fit_s": round(fit_s, 2),
    }


def measure_baton(train: Sequence[Example], tests: Sequence[Sequence[Example]], encoder: OnnxEncoder) -> list[Figures]:
    """Train the shipped classifier and judge each test set."""
    say(f"training Baton's classifier on {len(train)} tickets")
    began = time.perf_counter()
    head = learn([one.text for one in train], [one.category for one in train], encoder)
    fit_s = time.perf_counter() - began
    figures = []
    for test in tests:
        likely = head.probabilities([one.text for one in test])
        said = [head.categories[number] for number in likely.argmax(axis=1)]
        figures.append(measure([one.category for one in test], said, likely.max(axis=1), fit_s))
    return figures


def measure_peer(train: Sequence[Example], tests: Sequence[Sequence[Example]]) -> list[Figures]:
    """Train scikit-learn's usual pipeline and judge each test set."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    say(f"training TF-IDF with a linear SVM on {len(train)} tickets")
    began = time.perf_counter()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    rows, labels = vectorizer.fit_transform([one.text for one in train]), [one.category for one in train]
    machine = LinearSVC(random_state=SEED).fit(rows, labels)
    folds = min(5, *(labels.count(one) for one in set(labels)))
    calibrated = CalibratedClassifierCV(LinearSVC(random_state=SEED), cv=folds).fit(rows, labels) if folds > 1 else None
    fit_s = time.perf_counter() - began
    figures = []
    for test in tests:
        given = vectorizer.transform([one.text for one in test])
        sure = np.zeros(len(test)) if calibrated is None else calibrated.predict_proba(given).max(axis=1)
        figures.append(measure([one.category for one in test], list(machine.predict(given)), sure, fit_s))
    return figures


def print_table(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    columns = ("accuracy", "macro_f1", "auto_precision", "auto_coverage", "fit_s")
    for title, rows in (("test", result), ("validation", result.get("validation"))):
        if rows:
            print(f"{title:12}" + "".join(f"{one:>16}" for one in columns))
            for name in ("baton", "peer"):
                if rows[name] is not None:
                    cells = ("-" if rows[name][one] is None else rows[name][one] for one in columns)
                    print(f"{name:12}" + "".join(f"{one!s:>16}" for one in cells))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Read the files, train both and measure."""
    train = read(arguments.train)
    tests = [read(path) for path in (arguments.test, arguments.validation) if path is not None]
    baton = measure_baton(train, tests, OnnxEncoder(arguments.encoder, threads=2))
    peer = [None for _ in tests] if arguments.no_peer else measure_peer(train, tests)
    result: dict[str, Any] = {"baton": baton[0], "peer": peer[0]}
    if arguments.validation is not None:
        result["validation"] = {"baton": baton[1], "peer": peer[1]}
    return result


def main() -> int:
    """Run the command; 0 on success, 2 with a sentence on an error."""
    parser = argparse.ArgumentParser(description="Measure Baton's ticket classifier on two CSV files.")
    parser.add_argument("train", type=Path, metavar="TRAIN.csv")
    parser.add_argument("test", type=Path, metavar="TEST.csv")
    parser.add_argument("--validation", type=Path, metavar="V.csv", help="measured too; nothing is tuned on it")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--encoder", type=Path, default=ROOT / "var" / "models" / "encoder", metavar="DIR")
    parser.add_argument("--no-peer", action="store_true", help="leave the peer out")
    arguments = parser.parse_args()
    try:
        result = run(arguments)
    except BatonError as error:
        say(error.message)
        return 2
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print_table(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
