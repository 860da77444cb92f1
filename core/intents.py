"""What kind each intent of the assistant is: one list, `data/intents.yml`, which whoever treats some intents apart from others reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from core.errors import ConfigurationError

KINDS_FILE = Path(__file__).parents[1] / "data" / "intents.yml"


def of_kinds(*kinds: str) -> frozenset[str]:
    """Return the intents of these kinds, read from the file at the first call.

    Raises:
        ConfigurationError: the file cannot be read, or an intent is of two kinds.
        KeyError: there is no such kind.
    """
    listed = intent_kinds()
    return frozenset().union(*(listed[kind] for kind in kinds))


@cache
def intent_kinds(path: Path = KINDS_FILE) -> Mapping[str, frozenset[str]]:
    """Return the intents of each kind.

    Raises:
        ConfigurationError: the file cannot be read, or an intent is of two kinds.
    """
    try:
        listed = {
            str(kind): [str(name) for name in names] for kind, names in yaml.safe_load(path.read_text("utf-8")).items()
        }
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"The kinds of intents in {path} cannot be read: {error}") from error
    every = [name for names in listed.values() for name in names]
    if twice := sorted({name for name in every if every.count(name) > 1}):
        raise ConfigurationError(f"{path}: {twice[0]} is listed more than once; an intent is of one kind.")
    return {kind: frozenset(names) for kind, names in listed.items()}
