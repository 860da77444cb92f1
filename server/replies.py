"""Which intents get the same reply: a message that is taken for another one of these is answered no worse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

Followed = Mapping[str, tuple[str, ...]]
"""For each intent the actions that follow it."""


def followed_by(rules: Path) -> Followed:
    """Read from the rules what follows each intent by itself; a rule with a condition, or about what went before, is left aside.

    Raises:
        OSError, yaml.YAMLError: the file cannot be read; Rasa has trained on it by then.
    """
    found: dict[str, tuple[str, ...]] = {}
    for rule in yaml.safe_load(rules.read_text(encoding="utf-8"))["rules"]:
        first, *rest = rule["steps"]
        intents = [one["intent"] for one in first.get("or", [first]) if "intent" in one]
        if not rule.get("condition"):
            found.update(dict.fromkeys(intents, tuple(str(step["action"]) for step in rest if "action" in step)))
    return found


def with_same_replies(held_out: Mapping[str, Any], followed: Followed) -> dict[str, Any]:
    """Divide what the gate answered as another intent by whether the customer gets another reply for it.

    Args:
        held_out: the gate's report (`bot.threshold.report`), with `taken_for`.
        followed: what follows each intent.

    Returns:
        The report with `answered_alike` and `left_out_alike`, shares that `answered_wrongly` and `left_out_answered` lose, without
        `taken_for`.
    """
    told = {name: value for name, value in held_out.items() if name != "taken_for"}
    pairs = held_out.get("taken_for") or {}
    for kind, wrongly, alike in (
        ("known", "answered_wrongly", "answered_alike"),
        ("left_out", "left_out_answered", "left_out_alike"),
    ):
        if told.get(wrongly) is not None:
            share = _alike(pairs.get(kind, ()), followed) / told[kind]
            told[alike] = round(share, 4)
            told[wrongly] = round(max(0.0, told[wrongly] - share), 4)
    return told


def _alike(pairs: Iterable[tuple[str, str, int]], followed: Followed) -> int:
    return sum(many for intent, guess, many in pairs if intent in followed and followed[intent] == followed.get(guess))
