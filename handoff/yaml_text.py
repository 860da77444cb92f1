"""Rules that people write as YAML: read safely, and every problem told with the line it is on."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import yaml

from core.errors import Invalid, TooLarge

LONGEST = 200_000
DEEPEST = 20
MOST_NODES = 100_000
"""Values and keys of a text, an alias (`*name`) counting as all that it stands for: nine lines can say a thousand million things."""


def read_yaml(text: str) -> Any:
    """Return what a YAML text says.

    Raises:
        TooLarge: it is longer than anybody writes by hand.
        Invalid: it is no YAML, names a key twice, or goes deeper or says more than rules do; the sentence names the line.
    """
    if len(text) > LONGEST:
        raise TooLarge(f"The rules have {len(text):,} characters; {LONGEST:,} is the most.", field="text")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _check(node, itertools.count(1))
        return None if node is None else yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"Line {mark.line + 1}: "
        raise Invalid(f"{where}this is not valid YAML: {error.problem or error.context}.", field="text") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Invalid(f"This is not valid YAML: {error}.", field="text") from error


def line_of(text: str, place: str) -> int | None:
    """Return the line, from 1, of a place such as `Enterprise.targets.urgent`, or of as much of it as is there.

    The first part is the name of a thing in one of the document's lists, or a key of the document or of one of its mappings.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    if not isinstance(node, yaml.MappingNode):
        return None
    for name, found, value in _named(node):
        if place == name or place.startswith(f"{name}."):
            return _descend(found, value, place[len(name) + 1 :])
    return None


def line_named(message: str) -> int | None:
    """Return the line that a refusal's sentence begins with, if it does."""
    found = re.match(r"Line (\d+): ", message)
    return int(found.group(1)) if found else None


def with_line(error: Invalid, text: str) -> Invalid:
    """Return the error with the line that its place is on before its words."""
    line = line_of(text, error.field) if error.field else None
    return error if line is None else Invalid(f"Line {line}: {error.message}", field=error.field)


def _check(node: yaml.Node | None, nodes: Iterator[int], depth: int = 0) -> None:
    if node is None:
        return
    if depth > DEEPEST:
        raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=node.start_mark)
    if next(nodes) > MOST_NODES:
        raise yaml.MarkedYAMLError(problem="it says too much, or its aliases do", problem_mark=node.start_mark)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"{key.value!r} is there twice", problem_mark=key.start_mark)
                seen.add(key.value)
            _check(value, nodes, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check(value, nodes, depth + 1)


def _named(document: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Yield what a place may begin with: things in lists by their `name`, then keys inside, then the document's own keys."""
    for _, value in document.value:
        if isinstance(value, yaml.SequenceNode):
            for item in value.value:
                name = _value_of(item, "name")
                if name is not None:
                    yield name.value, name, item
        elif isinstance(value, yaml.MappingNode):
            for key, inner in value.value:
                yield str(key.value), key, inner
    for key, value in document.value:
        yield str(key.value), key, value


def _descend(found: yaml.Node, value: yaml.Node, rest: str) -> int:
    for part in filter(None, rest.split(".")):
        keys = value.value if isinstance(value, yaml.MappingNode) else []
        inner = next(((key, below) for key, below in keys if key.value == part), None)
        if inner is None:
            break
        found, value = inner
    return int(found.start_mark.line) + 1


def _value_of(node: yaml.Node, wanted: str) -> yaml.ScalarNode | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    found = next((value for key, value in node.value if key.value == wanted), None)
    return found if isinstance(found, yaml.ScalarNode) else None
