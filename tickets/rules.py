"""The rules of triage as data: read from YAML, checked, and compiled into patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from core.errors import ConfigurationError
from tickets.vocabulary import CATEGORIES, PRIORITIES, Category, Priority

DEFAULT_FILE = Path(__file__).with_name("triage.yml")
SIGNALS_FILE = Path(__file__).parents[1] / "data" / "signals.yml"
"""The words of cancelling, which the assistant reads too."""
_Made = TypeVar("_Made")
GAP = "…"
"""In a phrase: up to three words in between."""


@dataclass(frozen=True)
class Phrase:
    """Words that say something for a category, how much, and the pattern that finds them."""

    words: str
    weight: float
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class CategoryRule:
    """What makes a ticket one of a category, who takes it, and the priority it starts at."""

    team: str
    priority: Priority
    intents: frozenset[str]
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True)
class HandoverRule:
    """What the reason of a handoff says about its ticket."""

    words: str
    category: Category | None
    priority: Priority | None
    tag: str | None


@dataclass(frozen=True)
class CancellationRules:
    """How a wish to cancel is told from a denial, a question, and the cancelling of something else.

    Each pattern finds any of its list. `between` and `condition_between` match one whole word.
    """

    wishes: re.Pattern[str]
    verbs: re.Pattern[str]
    participles: re.Pattern[str]
    participle_after: re.Pattern[str]
    contract: re.Pattern[str]
    other_objects: re.Pattern[str]
    pronouns: re.Pattern[str]
    negations: re.Pattern[str]
    between: re.Pattern[str]
    not_negating: re.Pattern[str]
    conditions: re.Pattern[str]
    condition_between: re.Pattern[str]
    retractions: re.Pattern[str]


@dataclass(frozen=True)
class Rules:
    """All the rules of triage."""

    categories: Mapping[Category, CategoryRule]
    intent_words: Mapping[str, str]
    intent_priorities: Mapping[str, Priority]
    handover_reasons: Mapping[str, HandoverRule]
    urgency: Mapping[Priority, re.Pattern[str]]
    calm: re.Pattern[str]
    plan_tags: Mapping[str, str]
    repeat_after: int
    repeat_tag: str
    frustrated_tag: str
    mentions: re.Pattern[str]
    revenue_from: float
    cancellation: CancellationRules

    def category_of_intent(self, intent: str | None) -> Category | None:
        """Return the category that an intent of the assistant stands for; an unknown intent stands for none."""
        return next((name for name, rule in self.categories.items() if intent in rule.intents), None)

    def words_of_intent(self, intent: str) -> str:
        """Return what an intent is about in words; of one that has none, its name as words."""
        return self.intent_words.get(intent) or intent.replace("_", " ")


@cache
def default_rules() -> Rules:
    """Return the rules that Baton comes with, read from `tickets/triage.yml` and `data/signals.yml` at the first call."""
    return load_rules(DEFAULT_FILE)


def load_rules(path: Path, signals: Path = SIGNALS_FILE) -> Rules:
    """Read rules from a YAML file, and the words of cancelling from another.

    Raises:
        ConfigurationError: a file cannot be read, or says something that rules cannot; the sentence names the place.
    """
    cancellation = _read(signals, lambda data: _cancellation(data["cancellation"]))
    return _read(path, lambda data: _rules(data, cancellation))


def _read(path: Path, make: Callable[[Any], _Made]) -> _Made:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"The triage rules in {path} cannot be read: {error}") from error
    try:
        return make(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigurationError(f"The triage rules in {path} are not right: {missing}.") from error


def phrase_pattern(*phrases: str) -> re.Pattern[str]:
    """Compile phrases into one pattern that finds any of them as whole words, whatever their case."""
    if not phrases:
        return re.compile(r"(?!)")
    return re.compile(r"(?<![\w'])(?:" + "|".join(map(_expression, phrases)) + r")(?!\w)", re.IGNORECASE)


def _expression(phrase: str) -> str:
    expression = ""
    for token in phrase.split():
        if token == GAP:
            expression += r"(?:[\w'-]+ ){0,3}?"
        else:
            words = (re.escape(word).replace(r"\*", r"\w*") for word in token.split("|"))
            expression += f"(?:{'|'.join(words)}) "
    if not expression:
        raise ValueError("a phrase is empty")
    return expression.removesuffix(" ")


def _rules(data: Mapping[str, Any], cancellation: CancellationRules) -> Rules:
    if unknown := set(data["categories"]) ^ set(CATEGORIES):
        raise ValueError(f"categories must be {', '.join(CATEGORIES)}; look at {', '.join(sorted(map(str, unknown)))}")
    revenue, repeat = float(data["revenue"]["from"]), int(data["repeat_contact"]["earlier_tickets"])
    if revenue <= 0 or repeat <= 0:
        raise ValueError("revenue.from and repeat_contact.earlier_tickets must be above 0")
    return Rules(
        categories={name: _category(data["categories"][name]) for name in CATEGORIES},
        intent_words={str(name): str(words) for name, words in data["intent_words"].items()},
        intent_priorities={str(name): _priority(value) for name, value in data["intent_priorities"].items()},
        handover_reasons={str(name): _handover(value) for name, value in data["handover_reasons"].items()},
        urgency={_priority(name): phrase_pattern(*_texts(phrases)) for name, phrases in data["urgency"].items()},
        calm=phrase_pattern(*_texts(data["calm"])),
        plan_tags={str(plan): str(tag) for plan, tag in data["plan_tags"].items()},
        repeat_after=repeat,
        repeat_tag=str(data["repeat_contact"]["tag"]),
        mentions=phrase_pattern(*_texts(data["mentions"])),
        frustrated_tag=str(data["handover_reasons"]["frustration"]["tag"]),
        revenue_from=revenue,
        cancellation=cancellation,
    )


def _cancellation(data: Mapping[str, Any]) -> CancellationRules:
    patterns = {name: phrase_pattern(*_texts(data[name])) for name in CancellationRules.__annotations__}
    return CancellationRules(**patterns)


def _category(data: Mapping[str, Any]) -> CategoryRule:
    phrases = [
        Phrase(words, float(weight), phrase_pattern(words))
        for weight, listed in data["phrases"].items()
        for words in _texts(listed)
    ]
    return CategoryRule(
        str(data["team"]), _priority(data.get("priority", "normal")), frozenset(_texts(data["intents"])), tuple(phrases)
    )


def _handover(data: Mapping[str, Any]) -> HandoverRule:
    category, priority, tag = data.get("category"), data.get("priority"), data.get("tag")
    if category is not None and category not in CATEGORIES:
        raise ValueError(f"{category!r} is no category")
    return HandoverRule(
        str(data["words"]),
        category,
        None if priority is None else _priority(priority),
        None if tag is None else str(tag),
    )


def _priority(value: object) -> Priority:
    if value not in PRIORITIES:
        raise ValueError(f"{value!r} is no priority; they are {', '.join(PRIORITIES)}")
    return value


def _texts(listed: Iterable[object]) -> list[str]:
    if isinstance(listed, str):
        raise ValueError(f"{listed!r} must be a list")
    texts = list(listed)
    if wrong := [item for item in texts if isinstance(item, bool) or not isinstance(item, str | int)]:
        raise ValueError(f"{wrong[0]!r} is no text; put it in quotes")
    return [str(item) for item in texts]
