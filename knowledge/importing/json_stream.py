"""Reads the values of a large JSON file one at a time, each with its line, in the memory that one of them takes.

A value is found by its brackets before it is decoded, so one that is no JSON does not stop those after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from core.text import mended

_CHUNK = 1 << 18
LARGEST = 1 << 26
"""Characters of one value; what is longer is not an article."""
_MARK = re.compile(r'["{}\[\]]')
_STRING_END = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(r"[^\s,\]}]+")
_SPACE = re.compile(r"\s*")


class BrokenJsonError(ValueError):
    """The file cannot be read any further. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class Element:
    """One value: of a list at the top or under a key at the top, or the value of such a key itself."""

    key: str
    """The key at the top; empty when the file is a list."""
    line: int
    text: str
    listed: bool

    def value(self) -> Any:
        """Decode it, its texts mended.

        Raises:
            BrokenJsonError: it is no JSON; the error names the line in the file.
        """
        try:
            return mended(json.loads(self.text, strict=False))
        except ValueError as error:
            line = error.lineno - 1 if isinstance(error, json.JSONDecodeError) else 0
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise BrokenJsonError(self.line + line, f"this is no JSON ({reason}).") from error
        except RecursionError as error:
            raise BrokenJsonError(self.line, "the JSON is nested too deeply.") from error


def stream(path: Path) -> Iterator[Element]:
    """Give every element of the lists at the top of a JSON file, and every other value there.

    Raises:
        BrokenJsonError: the file is neither an object nor a list, ends too early, or is no JSON between its values.
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    with path.open(encoding="utf-8-sig") as file:
        cursor = _Cursor(file)
        start = cursor.next_mark()
        if start == "[":
            yield from _list(cursor, "")
        elif start == "{":
            yield from _object(cursor)
        else:
            raise BrokenJsonError(cursor.line, "this is no JSON: it must begin with { or [.")
        if cursor.peek():
            raise BrokenJsonError(cursor.line, "there is more after the end of the JSON.")


def _object(cursor: _Cursor) -> Iterator[Element]:
    while cursor.peek() != "}":
        key = Element("", cursor.line, cursor.value(), False).value()
        if not isinstance(key, str) or cursor.next_mark() != ":":
            raise BrokenJsonError(cursor.line, 'this is no JSON: "name": value is expected here.')
        if cursor.peek() == "[":
            cursor.next_mark()
            yield from _list(cursor, key)
        else:
            line = cursor.line
            yield Element(key, line, cursor.value(), False)
        _separate(cursor, "}")
    cursor.next_mark()


def _list(cursor: _Cursor, key: str) -> Iterator[Element]:
    while cursor.peek() != "]":
        line = cursor.line
        yield Element(key, line, cursor.value(), True)
        _separate(cursor, "]")
    cursor.next_mark()


def _separate(cursor: _Cursor, closing: str) -> None:
    mark = cursor.peek()
    if mark == ",":
        cursor.next_mark()
    elif mark != closing:
        raise BrokenJsonError(cursor.line, f"this is no JSON: a comma or {closing} is expected here.")


class _Cursor:
    """A place in a file, of which only what is being read is in memory."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._ended = False
        self.line = 1

    def peek(self) -> str:
        """Return the next character that is no white space, nothing at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._advance(space.end() if space else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def next_mark(self) -> str:
        """Take the next character that is no white space."""
        mark = self.peek()
        self._advance(self._at + len(mark))
        return mark

    def value(self) -> str:
        """Take one whole value as text."""
        first = self.peek()
        if first == "":
            raise BrokenJsonError(self.line, "the file ends in the middle.")
        end = self._bracketed() if first in '"{[' else self._scalar()
        text = self._text[self._at : end]
        self._advance(end)
        return text

    def _bracketed(self) -> int:
        at, depth = self._at, 0
        while True:
            found = _MARK.search(self._text, at)
            if found is None:
                at = self._grow(len(self._text))
            elif found[0] == '"':
                closing = _STRING_END.match(self._text, found.end())
                if closing is None:
                    at = self._grow(found.start())
                    continue
                at = closing.end()
            else:
                depth += 1 if found[0] in "{[" else -1
                at = found.end()
            if found is not None and depth == 0:
                return at

    def _scalar(self) -> int:
        while True:
            found = _SCALAR.match(self._text, self._at)
            if found is None:
                raise BrokenJsonError(self.line, "this is no JSON: a value is expected here.")
            if found.end() < len(self._text) or not self._more():
                return found.end()

    def _grow(self, at: int) -> int:
        """Read more of a value that goes on; `at` is a place in it. Return the same place afterwards."""
        offset = at - self._at
        if offset > LARGEST or len(self._text) - self._at > LARGEST:
            raise BrokenJsonError(self.line, "a value here is longer than 64 million characters, or is not closed.")
        if not self._more():
            raise BrokenJsonError(self.line, "what begins here is not closed before the file ends.")
        return self._at + offset

    def _more(self) -> bool:
        # Reads as much again as is held, so that a long value is looked through a few times and not once per chunk.
        held = self._text[self._at :]
        chunk = "" if self._ended else self._file.read(max(_CHUNK, len(held)))
        self._ended = not chunk
        self._text, self._at = held + chunk, 0
        return bool(chunk)

    def _advance(self, to: int) -> None:
        self.line += self._text.count("\n", self._at, to)
        self._at = to
