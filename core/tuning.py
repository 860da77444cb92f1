"""Tunes a sentence encoder on labelled messages, and keeps vectors of messages it has not seen for honest thresholds.

`python -m core.tuning EXAMPLES.json DIR` reads `[["text", "intent"], ...]` and writes what `core.export` writes, from weights
trained to hold the intents apart, and one file more:

    held_out.npz    a rehearsal: an encoder was tuned in the same way on a part of the examples, and this is how it sees all of them
                    vectors   float16 [n, dimensions], of unit length
                    intents   str [n]
                    role      uint8 [n]: 0 the encoder was tuned on it; 1 kept from it; 2 its whole intent was kept from it

A tuned encoder sees the examples that it was tuned on closer together than anything a customer will write, so a threshold learned
from those would be too high. The rehearsal's kept messages are as new to its encoder as a customer's are to the final one.

It is a build step in a process of its own: it imports torch, which the service does not.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.embedding import PACKAGED_MODEL, OnnxEncoder
from core.errors import ConfigurationError
from core.export import load_sentence_transformer, put_in_place, write_encoder

HELD_OUT_FILE = "held_out.npz"
OUT_OF_SCOPE = "out_of_scope"
TUNED_ON, KEPT, INTENT_KEPT = 0, 1, 2

Progress = Callable[[str], None]


class Recipe(NamedTuple):
    """How an encoder is tuned. Found on CLINC150's training and validation files and parts of them; see docs/understanding.md."""

    batch: int = 64
    encoder_rate: float = 8e-5
    head_rate: float = 5e-3
    scale: float = 16.0
    """What cosines are multiplied by before the softmax."""
    smoothing: float = 0.05
    frozen_layers: int = 2
    """Lowest layers that keep their weights, as the token embeddings do: nearly a third of the time, and no accuracy."""
    least_steps: int = 48
    most_epochs: int = 12
    least_epochs: int = 3
    max_tokens: int = 64
    seed: int = 20
    kept_share: float = 0.15
    """Of the examples of an intent, and of the intents, that a rehearsal keeps from its encoder."""

    def epochs(self, examples: int) -> int:
        """Return how often the examples are gone through: small sets need more rounds for as many steps."""
        wanted = math.ceil(self.least_steps / max(1, math.ceil(examples / self.batch)))
        return min(self.most_epochs, max(self.least_epochs, wanted))


def tune_encoder(
    examples: Sequence[tuple[str, str]],
    directory: Path,
    *,
    model: str = PACKAGED_MODEL,
    recipe: Recipe = Recipe(),  # noqa: B008 - immutable
    made_from: str = "",
    progress: Progress = lambda _: None,
) -> Path:
    """Tune an encoder twice, in rehearsal and on all examples, and put its files in place, whole or not at all.

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
    role = roles([intent for _, intent in examples], recipe)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        rehearsal, made = Path(scratch) / "rehearsal", Path(scratch) / "encoder"
        known = [example for example, one in zip(examples, role, strict=True) if one == TUNED_ON]
        if len(known) < len(examples) and len({intent for _, intent in known}) > 1:
            write_encoder(
                _tuned(known, model, recipe, "Rehearsal", progress),
                rehearsal,
                name="rehearsal",
                model=model,
                progress=lambda _: None,
            )
            progress(f"Rehearsal: looking at {len(examples) - len(known)} messages that it has not seen")
            seen = OnnxEncoder(rehearsal, threads=2, batch=32).encode([text for text, _ in examples])
        else:
            seen = None
        described = write_encoder(
            _tuned(examples, model, recipe, "Tuning", progress), made, name="tuned", model=model, progress=progress
        )
        if seen is not None:
            np.savez_compressed(
                made / HELD_OUT_FILE,
                vectors=seen.astype(np.float16),
                intents=np.array([intent for _, intent in examples]),
                role=role,
            )
        (made / "encoder.json").write_text(
            json.dumps({**described, "made_from": made_from}, indent=2) + "\n", encoding="utf-8"
        )
        put_in_place(made, directory, Path(scratch))
    return directory


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


def _tuned(examples: Sequence[tuple[str, str]], model: str, recipe: Recipe, name: str, progress: Progress) -> Any:
    """Return the model with its upper layers trained on the examples.

    Cross-entropy over scaled cosines between the mean-pooled sentence vector and one vector per intent, AdamW, one-cycle.
    """
    import torch
    from torch.nn import functional

    torch.manual_seed(recipe.seed)
    dice = random.Random(recipe.seed)  # noqa: S311
    original = load_sentence_transformer(model)
    body = original[0].auto_model
    for part in (body.embeddings, *body.encoder.layer[: recipe.frozen_layers], body.pooler):
        for weight in part.parameters() if part is not None else ():
            weight.requires_grad = False
    intents = sorted({intent for _, intent in examples})
    number_of = {intent: number for number, intent in enumerate(intents)}
    truth = [number_of[intent] for _, intent in examples]
    tokens = original.tokenizer([text for text, _ in examples], truncation=True, max_length=recipe.max_tokens)[
        "input_ids"
    ]
    head = torch.nn.Parameter(torch.randn(len(intents), body.config.hidden_size) * 0.02)
    weights = [weight for weight in body.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": weights, "lr": recipe.encoder_rate}, {"params": [head], "lr": recipe.head_rate}], weight_decay=0.01
    )
    epochs = recipe.epochs(len(examples))
    rounds = [list(_batches([len(ids) for ids in tokens], recipe.batch, dice)) for _ in range(epochs)]
    steps = sum(len(batches) for batches in rounds)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [recipe.encoder_rate, recipe.head_rate], total_steps=steps + 1, pct_start=0.1
    )
    short = torch.ops.mkldnn._is_mkldnn_bf16_supported()  # twice as fast where the processor multiplies 16-bit floats
    body.train()
    for epoch, batches in enumerate(rounds, start=1):
        losses = 0.0
        for chosen in batches:
            ids, mask = _padded([tokens[index] for index in chosen], int(original.tokenizer.pad_token_id or 0))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=short):
                hidden = body(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state
            spread = torch.from_numpy(mask)[:, :, None].float()
            pooled = (hidden.float() * spread).sum(1) / spread.sum(1)
            cosines = functional.normalize(pooled, dim=1) @ functional.normalize(head, dim=1).T
            loss = functional.cross_entropy(
                recipe.scale * cosines,
                torch.tensor([truth[index] for index in chosen]),
                label_smoothing=recipe.smoothing,
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            schedule.step()
            losses += loss.item()
        progress(f"{name}: round {epoch} of {epochs}, {len(examples)} examples, loss {losses / len(batches):.2f}")
    body.eval()
    return original


def _batches(lengths: Sequence[int], size: int, dice: random.Random) -> Iterator[list[int]]:
    """Yield batches of indices in random order, each of similar lengths so that little is spent on padding."""
    order = list(range(len(lengths)))
    dice.shuffle(order)
    found: list[list[int]] = []
    for start in range(0, len(order), size * 20):
        part = sorted(order[start : start + size * 20], key=lambda index: lengths[index])
        found += [part[at : at + size] for at in range(0, len(part), size)]
    dice.shuffle(found)
    yield from found


def _padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    width = max(len(row) for row in rows)
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return ids, mask


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
