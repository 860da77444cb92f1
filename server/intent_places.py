"""Where else an intent has to be named beside its examples: its kind, its rule, its button. Without these it is treated by guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from core.intents import intent_kinds
from server.training_files import IntentHeading

_OFFERED = ("question", "request", "ticket", "incident", "person")
"""The kinds that a customer who was not understood may be offered as a choice; what is of no kind counts as a question."""
_CHOICES = "utter_did_you_mean"


def forgotten_places(headings: Iterable[IntentHeading], *, root: Path, domain: Mapping[str, Any]) -> list[str]:
    """Name each place that lacks an intent which has examples, in a sentence that begins with the examples' file and line.

    Args:
        headings: where the examples of each intent begin; the first place of an intent is named.
        root: the checkout.
        domain: what `domain.yml` holds.

    Raises:
        ConfigurationError: `data/intents.yml` cannot be read.
        OSError, yaml.YAMLError: `data/rules.yml` cannot be read.
    """
    kinds = {name: kind for kind, names in intent_kinds(root / "data" / "intents.yml").items() for name in names}
    ruled = _ruled(root / "data" / "rules.yml")
    offered = _offered(domain)
    first: dict[str, str] = {}
    for one in headings:
        first.setdefault(one.intent, one.where)
    notes = []
    for intent, where in first.items():
        if intent not in kinds:
            notes.append(
                f"{where}: data/intents.yml does not say of what kind the intent '{intent}' is; it counts as a question."
            )
        if intent not in ruled:
            notes.append(
                f"{where}: no rule in data/rules.yml has the intent '{intent}'; the articles are searched for what is said."
            )
        if kinds.get(intent, "question") in _OFFERED and intent not in offered:
            notes.append(
                f"{where}: {_CHOICES} in domain.yml has no button for the intent '{intent}'; it is never offered as a choice."
            )
    return notes


def _ruled(path: Path) -> frozenset[str]:
    """Return the intents that stand in any rule."""
    steps = [
        step
        for rule in yaml.safe_load(path.read_text("utf-8"))["rules"]
        for step in rule["steps"]
        if isinstance(step, dict)
    ]
    alternatives = [one for step in steps for one in step.get("or", [step])]
    return frozenset(str(one["intent"]) for one in alternatives if "intent" in one)


def _offered(domain: Mapping[str, Any]) -> frozenset[str]:
    """Return the intents that the first wording of the choices has a button for."""
    variants = (domain.get("responses") or {}).get(_CHOICES) or [{}]
    return frozenset(str(one.get("payload", "")).lstrip("/") for one in variants[0].get("buttons") or [])
