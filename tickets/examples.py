"""Labelled tickets in files: CSV with columns text and category, or YAML with lists of texts by category; problems with file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.errors import ConfigurationError
from core.text import text_of

COLUMNS = ("text", "category")
LONGEST_FIELD = 10_000_000
"""Characters of one field of a CSV file. The module's own limit, 131,072, is less than a forwarded mail thread can have."""


@dataclass(frozen=True)
class Example:
    """A ticket whose category is known. `where` is its file and line."""

    text: str
    category: str
    where: str


@dataclass(frozen=True)
class Problem:
    """What is not right with an example, and where."""

    where: str
    words: str

    def __str__(self) -> str:
        """Return the sentence that people read."""
        return f"{self.where}: {self.words}"


def read_examples(path: Path) -> tuple[list[Example], list[Problem]]:
    """Read a file of labelled tickets.

    Rows without a category are left out; NUL bytes are taken out; empty texts are kept. Each is a problem, as is a text that
    stands under two categories: the caller decides what that means.

    Raises:
        ConfigurationError: the file cannot be read at all, or its columns are others.
    """
    content = text_of(path)
    rows = _csv_rows(content, path) if path.suffix.casefold() == ".csv" else _yaml_rows(content, path)
    examples: list[Example] = []
    problems: list[Problem] = []
    for text, category, line in rows:
        where = f"{path}:{line}"
        if "\x00" in text + category:
            problems.append(Problem(where, "there is a NUL byte in it; is this a text file?"))
        label = category.replace("\x00", "").strip()
        if not label:
            problems.append(Problem(where, "this ticket has no category."))
            continue
        plain = text.replace("\x00", "")
        if not plain.strip():
            problems.append(Problem(where, "this ticket has no text."))
        examples.append(Example(plain, label, where))
    return examples, problems + contradictions(examples)


def contradictions(examples: Sequence[Example]) -> list[Problem]:
    """Name each text that stands under two categories, with both places."""
    first: dict[str, Example] = {}
    problems = []
    for one in examples:
        key = key_of(one.text)
        known = first.setdefault(key, one)
        if key and known.category != one.category:
            words = f"the same text is {one.category} here and {known.category} in {known.where}. Keep one of them."
            problems.append(Problem(one.where, words))
    return problems


def key_of(text: str) -> str:
    """Return what two texts share that differ only in case and white space."""
    return " ".join(text.casefold().split())


def read_folder(folder: Path, categories: Sequence[str]) -> list[Example]:
    """Read all of a folder's `*.csv`, `*.yml` and `*.yaml`, which must be without fault.

    Raises:
        ConfigurationError: an example is not right or of a category that tickets do not have; names file and line.
    """
    examples: list[Example] = []
    problems: list[Problem] = []
    for path in sorted(one for one in folder.glob("*") if one.suffix in {".csv", ".yml", ".yaml"}):
        found, wrong = read_examples(path)
        examples += found
        problems += wrong
    for one in examples:
        if one.category not in categories:
            problems.append(Problem(one.where, f"{one.category!r} is no category; there are {', '.join(categories)}."))
    problems += [one for one in contradictions(examples) if one not in problems]
    if problems:
        more = f" There are {len(problems) - 1} more problems like it." if len(problems) > 1 else ""
        raise ConfigurationError(f"{problems[0]}{more}")
    return examples


def _csv_rows(content: str, path: Path) -> Iterator[tuple[str, str, int]]:
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        if any(header.count(name) != 1 for name in COLUMNS):
            raise ConfigurationError(
                f"{path}:1: the columns {' and '.join(COLUMNS)} must be there once each; these are {', '.join(header) or 'none'}."
            )
        text, category = header.index("text"), header.index("category")
        line = reader.line_num + 1
        for row in reader:
            if row:
                if len(row) != len(header):
                    raise ConfigurationError(f"{path}:{line}: {len(row)} fields where {len(header)} are needed.")
                yield row[text], row[category], line
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigurationError(f"{path}:{reader.line_num}: {error}.") from error


def _yaml_rows(content: str, path: Path) -> Iterator[tuple[str, str, int]]:
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else content[: getattr(error, "position", 0)].count("\n") + 1
        raise ConfigurationError(f"{path}:{line}: this is no YAML ({getattr(error, 'problem', error)}).") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}:1: this is nested too deeply.") from error
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise ConfigurationError(f"{path}:1: categories with lists of texts are needed, such as `billing: [...]`.")
    for key, listed in root.value:
        if not isinstance(key, yaml.ScalarNode) or not isinstance(listed, yaml.SequenceNode):
            raise ConfigurationError(f"{path}:{key.start_mark.line + 1}: a category needs a list of texts.")
        for entry in listed.value:
            line = entry.start_mark.line + 1
            if not isinstance(entry, yaml.ScalarNode):
                raise ConfigurationError(f"{path}:{line}: this is no text; put it in quotation marks.")
            yield entry.value, key.value, line
