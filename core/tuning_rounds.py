"""How an encoder is tuned: the recipe, and the rounds of training that hold the intents apart. Imports torch when it is run."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core.export import load_sentence_transformer

FEW = 1500
"""With fewer examples than this a tuning takes seconds, and seeing them once more tells a lot."""

Progress = Callable[[str], None]
"""Is told each step in words."""


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

    @staticmethod
    def rehearsals(examples: int) -> int:
        """Return how many rehearsals there are: what a few messages tell of a small set swings too much."""
        return 3 if examples < FEW else 1

    @staticmethod
    def threads(examples: int) -> int:
        """Return how many threads add up, a number that no machine has a say in; two hinder each other where others work beside them."""
        return 1 if examples < FEW else 2


def train_upper_layers(
    examples: Sequence[tuple[str, str]], model: str, recipe: Recipe, name: str, progress: Progress
) -> Any:
    """Return the model with its upper layers trained on the examples.

    Cross-entropy over scaled cosines between the mean-pooled sentence vector and one vector per intent, AdamW, one-cycle.
    """
    import torch

    torch.set_num_threads(recipe.threads(len(examples)))
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(recipe.seed)
    dice = random.Random(recipe.seed)  # noqa: S311
    original = load_sentence_transformer(model)
    body = original[0].auto_model
    weights = _weights_to_train(body, recipe.frozen_layers)
    intents = sorted({intent for _, intent in examples})
    number_of = {intent: number for number, intent in enumerate(intents)}
    truth = [number_of[intent] for _, intent in examples]
    texts = [text for text, _ in examples]
    tokens = original.tokenizer(texts, truncation=True, max_length=recipe.max_tokens)["input_ids"]
    head = torch.nn.Parameter(torch.randn(len(intents), body.config.hidden_size) * 0.02)
    optimiser = torch.optim.AdamW(
        [{"params": weights, "lr": recipe.encoder_rate}, {"params": [head], "lr": recipe.head_rate}], weight_decay=0.01
    )
    epochs = recipe.epochs(len(examples))
    rounds = [list(_batches([len(ids) for ids in tokens], recipe.batch, dice)) for _ in range(epochs)]
    steps = sum(len(batches) for batches in rounds)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [recipe.encoder_rate, recipe.head_rate], total_steps=steps + 1, pct_start=0.1
    )
    short = _multiplies_short_floats()
    body.train()
    for epoch, batches in enumerate(rounds, start=1):
        losses = 0.0
        for chosen in batches:
            batch = _padded([tokens[index] for index in chosen], int(original.tokenizer.pad_token_id or 0))
            loss = _loss(body, head, batch, [truth[index] for index in chosen], recipe, short=short)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            schedule.step()
            losses += loss.item()
        progress(f"{name}: round {epoch} of {epochs}, {len(examples)} examples, loss {losses / len(batches):.2f}")
    body.eval()
    return original


def _weights_to_train(body: Any, frozen_layers: int) -> list[Any]:
    """Freeze the token embeddings, the lowest layers and the pooler, and return the weights of the others."""
    for part in (body.embeddings, *body.encoder.layer[:frozen_layers], body.pooler):
        for weight in part.parameters() if part is not None else ():
            weight.requires_grad = False
    return [weight for weight in body.parameters() if weight.requires_grad]


def _loss(body: Any, head: Any, batch: tuple[Any, Any], truth: list[int], recipe: Recipe, *, short: bool) -> Any:
    """Return how far a batch is from its intents: the cross-entropy over scaled cosines to one vector per intent."""
    import torch
    from torch.nn import functional

    ids, mask = (torch.from_numpy(part) for part in batch)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=short):
        hidden = body(input_ids=ids, attention_mask=mask).last_hidden_state
    spread = mask[:, :, None].float()
    pooled = (hidden.float() * spread).sum(1) / spread.sum(1)
    cosines = functional.normalize(pooled, dim=1) @ functional.normalize(head, dim=1).T
    return functional.cross_entropy(recipe.scale * cosines, torch.tensor(truth), label_smoothing=recipe.smoothing)


def _multiplies_short_floats() -> bool:
    """Tell whether the processor itself multiplies 16-bit floats, which makes tuning twice as fast."""
    import torch

    able = torch.cpu.get_capabilities()
    return any(able.get(kind) for kind in ("avx512_bf16", "amx_bf16", "bf16"))


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
