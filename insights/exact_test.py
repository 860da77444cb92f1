"""Whether one group fails more often than all others by more than chance: Fisher's exact test, with Holm's correction. Pure.

Sources: R. A. Fisher, *Statistical Methods for Research Workers*, 1934 (the exact test of a 2×2 table); S. Holm, "A simple
sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, lgamma
from typing import TypeVar

Key = TypeVar("Key")


def chance_of_as_many(failed: int, of: int, failed_in_all: int, in_all: int) -> float:
    """Return how likely a group has at least `failed` failures if failures fall on everybody alike.

    Args:
        failed: failures in the group.
        of: the size of the group.
        failed_in_all: failures in the group and all others.
        in_all: the size of all.
    """
    most = min(of, failed_in_all)
    whole = _log_choices(in_all, of)
    terms = (
        exp(_log_choices(failed_in_all, count) + _log_choices(in_all - failed_in_all, of - count) - whole)
        for count in range(max(failed, of - (in_all - failed_in_all)), most + 1)
    )
    return min(1.0, sum(terms))


def beyond_chance(chances: Mapping[Key, float], level: float) -> dict[Key, float]:
    """Return those whose chance holds after the correction for having looked at all of them, with their corrected chances."""
    kept: dict[Key, float] = {}
    ranked: Sequence[tuple[Key, float]] = sorted(chances.items(), key=lambda item: item[1])
    highest = 0.0
    for place, (key, chance) in enumerate(ranked):
        highest = max(highest, min(1.0, chance * (len(ranked) - place)))
        if highest > level:
            break
        kept[key] = highest
    return kept


def _log_choices(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
