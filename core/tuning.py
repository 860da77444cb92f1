"""Tunes a sentence encoder on labelled messages, and keeps vectors of messages it has not seen for honest thresholds.

`python -m core.tuning EXAMPLES.json DIR` reads `[["text", "intent"], ...]` and writes what `core.export` writes, from weights
trained to hold the intents apart, and one file more:

    held_out.npz    rehearsals: an encoder was tuned in the same way on a part of the examples, and this is how it sees all of them
                    vectors   float16 [rehearsals, n, dimensions], of unit length
                    intents   str [n]
                    role      uint8 [rehearsals, n]: 0 the encoder was tuned on it; 1 kept from it; 2 its whole intent was kept from it

A tuned encoder sees the examples that it was tuned on closer together than anything a customer will write, so a threshold learned
from those would be too high. The rehearsal's kept messages are as new to its encoder as a customer's are to the final one.

The same examples make the same files on one machine: everything random is seeded, and sums are made by a fixed number of threads, since
another number adds in another order (docs/decisions/0009-when-the-encoder-is-tuned.md).

It is a build step in a process of its own: it imports torch, which the service does not.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.embedding import PACKAGED_MODEL, OnnxEncoder
from core.errors import ConfigurationError
from core.export import put_in_place, write_encoder
from core.tuning_rounds import Progress, Recipe, train_upper_layers

HELD_OUT_FILE = "held_out.npz"
OUT_OF_SCOPE = "out_of_scope"
TUNED_ON, KEPT, INTENT_KEPT = 0, 1, 2
ENOUGH = 3000
FEW_OF_EACH = 30


def tuning_pays(examples: Sequence[tuple[str, str]]) -> bool:
    """Tell whether tuning makes an assistant of these examples enough better to be worth its time.

    It does where there are few examples of an intent, and where there are thousands in all. Between the two the encoder as it comes is
    as good; docs/understanding.md has the sets that this was learned from.
    """
    intents = len({intent for _, intent in examples})
    return intents > 1 and (len(examples) >= ENOUGH or len(examples) < FEW_OF_EACH * intents)


def tune_encoder(
    examples: Sequence[tuple[str, str]],
    directory: Path,
    *,
    model: str = PACKAGED_MODEL,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    made_from: str = "",
    progress: Progress = lambda _: None,
) -> Path:
    """Tune an encoder in rehearsal and then on all examples, and put its files in place, whole or not at all.

    Args:
        examples: texts with their intents; `out_of_scope` is an intent like any other.
        directory: where the files go; what is there is replaced.
        model: what to start from: the packaged model, a folder or a hub name.
        recipe: how.
        made_from: is written into `encoder.json`, so that the caller can tell whether the files are still right.
        progress: is told each step in words.

    Returns:
        `directory`.

    Raises:
        ConfigurationError: there are fewer than two intents, or the model cannot be loaded or exported.
    """
    if len({intent for _, intent in examples}) < 2:
        raise ConfigurationError(
            "An encoder is tuned to hold intents apart; there have to be examples of two at least."
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        made = Path(scratch) / "encoder"
        held_out = _rehearsals(examples, Path(scratch), model, recipe, progress)
        tuned = train_upper_layers(examples, model, recipe, "Tuning", progress)
        described = write_encoder(tuned, made, name="tuned", model=model, progress=progress)
        if held_out is not None:
            vectors, role = held_out
            np.savez_compressed(
                made / HELD_OUT_FILE, vectors=vectors, intents=np.array([intent for _, intent in examples]), role=role
            )
        (made / "encoder.json").write_text(
            json.dumps({**described, "made_from": made_from}, indent=2) + "\n", encoding="utf-8"
        )
        put_in_place(made, directory, Path(scratch))
    return directory


def _rehearsals(
    examples: Sequence[tuple[str, str]], scratch: Path, model: str, recipe: Recipe, progress: Progress
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]] | None:
    """Return for each rehearsal the examples' vectors and their parts; None where none can be held."""
    intents = [intent for _, intent in examples]
    numbers = range(recipe.rehearsals(len(examples)))
    drawn = [roles(intents, recipe._replace(seed=recipe.seed + number)) for number in numbers]
    parts = [role for role in drawn if _can_be_rehearsed(role, intents)]
    seen = [
        _rehearsed(examples, role, scratch / f"rehearsal-{number}", model, recipe, progress)
        for number, role in enumerate(parts)
    ]
    return (np.stack(seen), np.stack(parts)) if seen else None


def roles(intents: Sequence[str], recipe: Recipe) -> npt.NDArray[np.uint8]:
    """Return which part each example has in a rehearsal.

    An intent with fewer than four examples keeps none back, and whole intents are kept only where six or more remain.
    """
    dice = random.Random(recipe.seed)  # noqa: S311
    by_intent: defaultdict[str, list[int]] = defaultdict(list)
    for number, intent in enumerate(intents):
        by_intent[intent].append(number)
    role = np.full(len(intents), TUNED_ON, dtype=np.uint8)
    inside = sorted(intent for intent in by_intent if intent != OUT_OF_SCOPE)
    whole = round(len(inside) * recipe.kept_share) if len(inside) >= 8 else 0
    kept = set(dice.sample(inside, whole))
    for intent in sorted(by_intent):
        numbers = by_intent[intent]
        if intent in kept:
            role[numbers] = INTENT_KEPT
        elif len(numbers) >= 4:
            role[dice.sample(numbers, max(1, round(len(numbers) * recipe.kept_share)))] = KEPT
    return role


def _can_be_rehearsed(role: npt.NDArray[np.uint8], intents: Sequence[str]) -> bool:
    """Tell whether something was kept back, and two intents are left to be held apart."""
    left = {intent for intent, part in zip(intents, role, strict=True) if part == TUNED_ON}
    return len(left) > 1 and bool((role != TUNED_ON).any())


def _rehearsed(
    examples: Sequence[tuple[str, str]],
    role: npt.NDArray[np.uint8],
    scratch: Path,
    model: str,
    recipe: Recipe,
    progress: Progress,
) -> npt.NDArray[np.float16]:
    """Return the vectors of all examples by an encoder that was tuned on those whose role allows it."""
    known = [example for example, part in zip(examples, role, strict=True) if part == TUNED_ON]
    tuned = train_upper_layers(known, model, recipe, "Rehearsal", progress)
    write_encoder(tuned, scratch, name="rehearsal", model=model, progress=lambda _: None)
    progress(f"Rehearsal: looking at {len(examples) - len(known)} messages that it has not seen")
    return OnnxEncoder(scratch, threads=2, batch=32).encode([text for text, _ in examples]).astype(np.float16)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with a sentence on an error."""
    parser = argparse.ArgumentParser(
        prog="python -m core.tuning", description="Tune a sentence encoder on labelled messages."
    )
    parser.add_argument("examples", type=Path, metavar="EXAMPLES.json")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--model", default=PACKAGED_MODEL, help="a folder, a hub name, or %(default)s")
    parser.add_argument("--made-from", default="", help="kept in encoder.json")
    chosen = parser.parse_args(arguments)
    examples = [(str(text), str(intent)) for text, intent in json.loads(chosen.examples.read_text(encoding="utf-8"))]
    try:
        tune_encoder(
            examples,
            chosen.directory,
            model=chosen.model,
            made_from=chosen.made_from,
            progress=lambda step: print(f"  {step}", file=sys.stderr, flush=True),
        )
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
