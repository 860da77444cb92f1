"""Rules that hand a conversation to people without anybody asking: data in YAML, checked with the reason, the first that holds decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigurationError, Invalid
from customers.accounts import Account
from handoff.records import Understanding
from handoff.wording import REASONS

DEFAULT_FILE = Path(__file__).with_name("triggers.yml")
SURE = 0.5
"""Confidence or score from which an intent or a signal counts where a rule does not say."""


@dataclass(frozen=True)
class Trigger:
    """One rule. An empty part says nothing; what is said must all be true.

    Attributes:
        rule: its name, kept with the handoff.
        reason: a code of `handoff.wording.REASONS`.
        plans: the account's plan is one of these, in small letters.
        mrr_from: monthly revenue is this or more.
        intents: what the message was taken for, at `confidence` or more.
        confidence: see `intents`.
        entities: the message names one of these.
        signals: the message shows one of these, at `score` or more.
        score: see `signals`.
        no_answer: the assistant searched and found no article for it.
    """

    rule: str
    reason: str
    plans: frozenset[str] = frozenset()
    mrr_from: float | None = None
    intents: frozenset[str] = frozenset()
    confidence: float = SURE
    entities: frozenset[str] = frozenset()
    signals: frozenset[str] = frozenset()
    score: float = SURE
    no_answer: bool = False

    @property
    def about_the_account(self) -> bool:
        """Tell whether it takes a look at the account."""
        return bool(self.plans) or self.mrr_from is not None

    def fits_message(self, seen: Seen) -> bool:
        """Tell whether the message is as the rule wants it; what is said of the account is not looked at."""
        understood = seen.understanding
        asked = {intent for intent, sure in understood.matters() if (sure or 0.0) >= self.confidence}
        named = {str(entity.get("entity")) for entity in understood.entities}
        shown = {str(one.get("name")) for one in understood.signals if float(one.get("score") or 0) >= self.score}
        return (
            (not self.intents or bool(self.intents & asked))
            and (not self.entities or bool(self.entities & named))
            and (not self.signals or bool(self.signals & shown))
            and (not self.no_answer or seen.no_answer)
        )

    def fits_account(self, account: Account | None) -> bool:
        """Tell whether the account is as the rule wants it. Of a visitor nothing is known, so no such rule is for them."""
        if not self.about_the_account:
            return True
        if account is None:
            return False
        plan_fits = not self.plans or (account.plan or "").casefold() in self.plans
        return plan_fits and (self.mrr_from is None or (account.mrr or 0) >= self.mrr_from)


@dataclass(frozen=True)
class Seen:
    """What is known of a turn: what the assistant made of the message, and whether it searched and found nothing."""

    understanding: Understanding = field(default_factory=Understanding)
    no_answer: bool = False


def candidates(triggers: Iterable[Trigger], seen: Seen) -> list[Trigger]:
    """Return the rules that the message fits, in order. Of most messages there are none, and then no account is looked at."""
    return [trigger for trigger in triggers if trigger.fits_message(seen)]


def choose(fitting: Iterable[Trigger], account: Account | None) -> Trigger | None:
    """Return the first of the rules that the account fits too."""
    return next((trigger for trigger in fitting if trigger.fits_account(account)), None)


def load_triggers(path: Path | None = None) -> tuple[Trigger, ...]:
    """Read the rules from a YAML file, those that Baton comes with if there is no path.

    Raises:
        ConfigurationError: the file cannot be read, or a rule is not right; the sentence names the rule.
    """
    path = path or DEFAULT_FILE
    try:
        return parse_triggers(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"The handoff rules in {path} cannot be read: {error}") from error
    except Invalid as error:
        raise ConfigurationError(f"The handoff rules in {path} are not right. {error.message}") from error


def parse_triggers(data: object) -> tuple[Trigger, ...]:
    """Read `rules`, a list that may be empty.

    Raises:
        Invalid: with the reason, and the place as its field.
    """
    if not isinstance(data, Mapping) or set(data) != {"rules"} or not isinstance(data["rules"] or [], list):
        raise Invalid(
            "There must be a list called rules, and nothing else; an empty list turns them off.", field="rules"
        )
    triggers = tuple(_trigger(number, rule) for number, rule in enumerate(data["rules"] or [], start=1))
    names = [trigger.rule for trigger in triggers]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Invalid(f"Two rules are called {twice!r}.", field="rules")
    return triggers


def _trigger(number: int, rule: object) -> Trigger:
    if not isinstance(rule, Mapping) or not isinstance(rule.get("rule"), str) or not rule["rule"].strip():
        raise Invalid(f"Rule {number} needs a name: rule: key account without an answer.", field=f"rules.{number}")
    name = rule["rule"].strip()[:80]
    if unknown := set(rule) - {"rule", "reason", "when"}:
        raise Invalid(f"Rule {name!r} has rule, reason and when, not {_listed(unknown)}.", field=name)
    if rule.get("reason") not in REASONS:
        raise Invalid(f"Rule {name!r} needs a reason, one of {_listed(REASONS)}.", field=f"{name}.reason")
    when = rule.get("when")
    if not isinstance(when, Mapping) or not when:
        raise Invalid(
            f"Rule {name!r} needs a when; without one it would hand every conversation over.", field=f"{name}.when"
        )
    if unknown := set(when) - set(_READERS):
        raise Invalid(
            f"Rule {name!r}: when has no {_listed(unknown)}; it has {_listed(_READERS)}.", field=f"{name}.when"
        )
    if not set(when) - {"confidence", "score", "plans", "mrr_from"}:
        raise Invalid(
            f"Rule {name!r} would hand over every message of these accounts; name intents, entities, signals or no_answer.",
            field=f"{name}.when",
        )
    values = {}
    for key, value in when.items():
        try:
            values[str(key)] = _READERS[key](value)
        except (TypeError, ValueError) as error:
            raise Invalid(f"Rule {name!r}: {key} {error}.", field=f"{name}.when.{key}") from error
    return Trigger(rule=name, reason=str(rule["reason"]), **values)


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise ValueError("is a list of names, such as [enterprise]")
    return frozenset(value)


def _small(value: object) -> frozenset[str]:
    return frozenset(name.casefold() for name in _names(value))


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("is a number from 0 to 1")
    return float(value)


def _amount(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**13:
        raise ValueError("is an amount of 0 or more")
    return float(value)


def _yes(value: object) -> bool:
    if value is not True:
        raise ValueError("is true or left out")
    return True


def _listed(words: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, words)))


_READERS: Mapping[Any, Callable[[object], Any]] = {
    "plans": _small, "mrr_from": _amount, "intents": _names, "confidence": _share, "entities": _names,
    "signals": _names, "score": _share, "no_answer": _yes,
}  # fmt: skip
