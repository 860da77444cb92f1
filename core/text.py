"""Text from outside: read as what it should be, and kept from doing anything to what stands beside it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from core.errors import ConfigurationError

_OVERRIDES = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by their category, which every font draws as nothing: fillers of Hangul, Braille without a dot."""


def without_overrides(text: str) -> str:
    """Return `text` without the characters that turn the direction of text: U+202A to U+202E and U+2066 to U+2069.

    For a name or subject, shown beside other words that such a character could turn around as well.
    """
    return _OVERRIDES.sub("", text)


def in_one_line(text: str) -> str:
    """Return `text` in one line, without control characters (a terminal obeys some of them) and those that turn its direction."""
    seen = (one for one in without_overrides(text) if one.isspace() or unicodedata.category(one) != "Cc")
    return " ".join("".join(seen).split())


def mended(value: Any) -> Any:
    """Return a JSON value whose texts every database can keep: no NUL, half surrogate pairs replaced.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if isinstance(value, str):
        if value.isascii():
            return value.replace("\x00", "")
        return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {mended(name): mended(item) for name, item in value.items()}
    return [mended(item) for item in value] if isinstance(value, list) else value


def shown_name(text: str) -> str:
    """Return a name in one line, without what turns the direction of text; empty where nothing of it can be seen.

    Spaces, controls, characters of no width and marks without a letter below them are not seen. In a name that is, they stay: a joiner
    belongs to the spelling of some languages.
    """
    name = " ".join(without_overrides(text).split())
    return name if any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANKS for one in name) else ""


def text_of(path: Path, name: str | None = None) -> str:
    """Return what a file of text holds, without a mark of its byte order.

    Raises:
        ConfigurationError: it cannot be read, or is not UTF-8; says so with `name`, or else the path, and the line.
    """
    shown = name or path
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{shown}:{line}: this is not UTF-8. Save the file as UTF-8.") from error
    except OSError as error:
        raise ConfigurationError(f"{shown} cannot be read: {error.strerror}.") from error
