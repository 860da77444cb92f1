"""What customers say in `benchmarks/turn.py` and its kin: questions and small talk in wordings that come once each."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import yaml
from running import ROOT

from core.intents import of_kinds

QUESTIONS_IN_TEN = 7
OPENINGS = (
    "", "hi, ", "hello, ", "quick question: ", "one more thing, ", "sorry to ask, ", "good day, ", "ok so ", "please, ", "hey team, ",
)  # fmt: skip
CLOSINGS = (
    "", "?", " please", ", thanks", " thank you", " asap", ", any idea", "... cheers", ", can you tell me", " if you can",
)  # fmt: skip
NAMES = (
    "Ana",
    "Ben",
    "Chi",
    "Dana",
    "Emil",
    "Fay",
    "Gil",
    "Hana",
    "Ivo",
    "Jo",
    "Kim",
    "Lea",
    "Max",
    "Nia",
    "Oz",
    "Pia",
)
MOODS = (
    "hello", "hey there", "good morning", "I am great", "feeling good", "perfect", "I'm so sad", "not good", "terrible", "yes",
    "of course", "no way", "are you a bot?", "am I talking to a human?", "bye", "see you later",
)  # fmt: skip


def baton_messages(seed: int) -> Iterator[tuple[str, str]]:
    """Yield kind and text of messages, no text twice."""
    held_out = yaml.safe_load((ROOT / "tests" / "bot" / "data" / "held_out.yml").read_text(encoding="utf-8"))["nlu"]
    by_intent = {entry["intent"]: [line[2:] for line in entry["examples"].splitlines()] for entry in held_out}
    questions = [text for intent, texts in by_intent.items() if intent in of_kinds("question") for text in texts]
    small_talk = [
        text for intent, texts in by_intent.items() if intent in of_kinds("small_talk", "remark") for text in texts
    ]
    dice = random.Random(seed)
    asked = _shuffled(
        [f"{before}{text}{after}" for text in questions for before in OPENINGS for after in CLOSINGS], dice
    )
    chatted = _shuffled(
        [f"{text}{after} {name}" for text in small_talk for name in NAMES for after in ("", ",", "!")], dice
    )
    for number in itertools.count():
        is_question = number * QUESTIONS_IN_TEN % 10 < QUESTIONS_IN_TEN
        yield ("question", next(asked)) if is_question else ("small_talk", next(chatted))


def peer_messages(seed: int) -> Iterator[tuple[str, str]]:
    """Yield messages of the default project's own domain, no text twice."""
    dice = random.Random(seed)
    texts = [f"{text}{after} {name}" for text in MOODS for name in NAMES for after in ("", ",", "!", " dear", "...")]
    for text in _shuffled(texts, dice):
        yield "mood", text


def _shuffled(texts: list[str], dice: random.Random) -> Iterator[str]:
    dice.shuffle(texts)
    for round_number in itertools.count():
        # Another round is another wording: a trailing number, so that no cache of texts can answer.
        yield from (f"{text} {round_number}" if round_number else text for text in texts)
