"""Text from outside: read as what it should be, and kept from doing anything to what stands beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from core.errors import ConfigurationError

_OVERRIDES = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def without_overrides(text: str) -> str:
    """Return `text` without the characters that turn the direction of text: U+202A to U+202E and U+2066 to U+2069.

    For a name or subject, shown beside other words that such a character could turn around as well.
    """
    return _OVERRIDES.sub("", text)


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
