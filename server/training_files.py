"""Reads the assistant's training examples and says what is wrong with them, each with file and line, before anything is trained."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.errors import ConfigurationError
from core.text import text_of
from handoff.wording import LONGEST_MESSAGE

MOST_NAMED = 20
"""Mistakes that are named at once; whoever has more mends these first."""
MOST_INTENTS = 1000
"""An assistant tells a few hundred apart well, and training grows with intents times examples: of 1,000 intents with five examples a
round of the regression takes a second and 0.3 GB, of 5,000 with one example 17 s and 0.9 GB, and it goes through some hundred, twice."""
OUT_OF_SCOPE = "out_of_scope"

_OTHER_ENTRIES = frozenset({"synonym", "regex", "lookup"})
"""What an entry of `nlu` may be besides an intent, by its key."""
_ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
_SPACES = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
"""What YAML lets no file hold."""
_DEEPEST = 20
"""Lists and mappings inside one another. Composing goes as deep in C, where thousands of them end the process without a word."""


@dataclass(frozen=True)
class IntentExample:
    """One message whose intent is known. `where` is its file and line; `text` has no entity marks."""

    text: str
    intent: str
    where: str


@dataclass(frozen=True)
class IntentHeading:
    """Where an intent's examples begin."""

    intent: str
    where: str


@dataclass
class TrainingFiles:
    """What the files hold, and what is wrong with it."""

    examples: list[IntentExample]
    headings: list[IntentHeading]
    mistakes: list[str]
    """Sentences that begin with file and line; with any of these nothing may be trained."""
    notes: list[str]
    """Sentences that begin with file and line; worth knowing, harmless."""


def checked_examples(files: Iterable[Path], *, root: Path, intents: Sequence[str]) -> TrainingFiles:
    """Read all files and return what can be trained.

    Args:
        files: YAML files in Rasa's format.
        root: what places are named from.
        intents: the intents of `domain.yml`.

    Raises:
        ConfigurationError: there is a mistake; the message names each with file and line, `MOST_NAMED` at most.
    """
    found = TrainingFiles([], [], [], [])
    for path in sorted(files):
        try:
            _read_file(path, str(path.relative_to(root) if path.is_relative_to(root) else path), found)
        except ConfigurationError as error:
            found.mistakes.append(error.message)
    if not found.mistakes:
        known = set(intents)
        found.mistakes += [
            f"{one.where}: domain.yml does not list the intent '{one.intent}'. Add it under intents."
            for one in found.headings
            if one.intent not in known
        ]
    check(found)
    if found.mistakes:
        named = found.mistakes[:MOST_NAMED]
        more = len(found.mistakes) - len(named)
        raise ConfigurationError(
            "The training examples have to be mended first:\n  "
            + "\n  ".join(named + ([f"and {more} more"] if more else []))
        )
    return found


def check(found: TrainingFiles) -> None:
    """Add to mistakes and notes what shows only when all examples are read."""
    by_intent: defaultdict[str, list[IntentExample]] = defaultdict(list)
    for one in found.examples:
        by_intent[one.intent].append(one)
    found.mistakes += contradictions(found.examples)
    if not found.mistakes:
        found.mistakes += too_many(found.examples)
    inside = [intent for intent in by_intent if intent != OUT_OF_SCOPE]
    if len(inside) < 2 and not found.mistakes:
        where = next((one.where for one in found.examples), "The training files")
        found.mistakes.append(
            f"{where}: {len(inside) or 'no'} intent with examples{' in all files' if inside else ''}; "
            "two are the least there is to tell apart."
        )
    found.notes += [
        f"{some[0].where}: the intent '{intent}' has one example only. With ten or more it is understood in other words too."
        for intent, some in by_intent.items()
        if len(some) == 1
    ]


def too_many(examples: Iterable[IntentExample]) -> list[str]:
    """Say where the intents become more than can be told apart in bounded time, in one sentence or none."""
    first: dict[str, IntentExample] = {}
    for one in examples:
        first.setdefault(one.intent, one)
    if len(first) <= MOST_INTENTS:
        return []
    over = list(first.values())[MOST_INTENTS]
    return [
        f"{over.where}: '{over.intent}' is intent {MOST_INTENTS + 1:,} of {len(first):,}; {MOST_INTENTS:,} are the most that are trained. "
        "Join those that are answered alike; what questions differ in only by their subject is left to articles, which are searched."
    ]


def contradictions(examples: Iterable[IntentExample]) -> list[str]:
    """Name each text that stands under two intents, with both places."""
    first: dict[str, IntentExample] = {}
    sentences = []
    for one in examples:
        before = first.setdefault(key_of(one.text), one)
        if before.intent != one.intent:
            sentences.append(
                f"{one.where}: '{_short(one.text)}' is an example of '{one.intent}' here and of '{before.intent}' in "
                f"{before.where}. Keep one."
            )
    return sentences


def key_of(text: str) -> str:
    """Return what two examples share that are the same but for capitals, spaces and the marks at their end."""
    return _SPACES.sub(" ", text).strip().casefold().rstrip("?!. ")


def _read_file(path: Path, name: str, found: TrainingFiles) -> None:
    content = text_of(path, name)
    if control := _CONTROL.search(content):
        line = content.count("\n", 0, control.start()) + 1
        raise ConfigurationError(
            f"{name}:{line}: there is a character U+{ord(control.group()):04X} in it that no message has. Remove it."
        )
    root = _composed(content, name)
    if root is None:
        return
    for entry in _list_of(_child(root, "nlu"), name):
        intent = _child(entry, "intent")
        if intent is not None:
            _read_intent(entry, intent, name, found)
        elif not _OTHER_ENTRIES & set(_keys(entry)):
            # Rasa passes it over, and an intent with a typing mistake in its key would be gone without a word.
            there = ", ".join(f"'{_short(key)}'" for key in _keys(entry)) or "nothing that has a name"
            found.mistakes.append(
                f"{name}:{entry.start_mark.line + 1}: this entry has no 'intent', but {there}. Name its intent, or remove it."
            )


def _composed(content: str, name: str) -> yaml.Node | None:
    try:
        depth = 0
        for event in yaml.parse(content, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise ConfigurationError(f"{name}:{line}: this is nested too deeply.")
        return yaml.compose(content, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{name}:{line}: this is no YAML ({error.problem}).") from error


def _read_intent(entry: yaml.Node, intent: yaml.Node, name: str, found: TrainingFiles) -> None:
    label = intent.value.strip() if isinstance(intent, yaml.ScalarNode) else ""
    where = f"{name}:{intent.start_mark.line + 1}"
    if not label:
        found.mistakes.append(f"{where}: this intent has no name.")
        return
    found.headings.append(IntentHeading(label, where))
    texts = list(_texts(_child(entry, "examples"), name))
    if not texts:
        found.mistakes.append(f"{where}: the intent '{label}' has no example. Write some, or remove it.")
    for text, line in texts:
        place = f"{name}:{line}"
        if len(text) > LONGEST_MESSAGE:
            found.mistakes.append(
                f"{place}: this example of '{label}' has {len(text):,} characters; a customer's message has {LONGEST_MESSAGE:,} at most."
            )
        elif not any(character.isalnum() for character in text):
            found.notes.append(
                f"{place}: '{_short(text)}' has neither letter nor digit; all such messages look alike to the encoder."
            )
        found.examples.append(IntentExample(text, label, place))


def _texts(examples: yaml.Node | None, name: str) -> Iterator[tuple[str, int]]:
    """Yield each example with its line: from a block of `- text` lines, or from a list of `text:` entries."""
    if examples is None:
        return
    if isinstance(examples, yaml.SequenceNode):
        for entry in examples.value:
            text = _child(entry, "text") if isinstance(entry, yaml.MappingNode) else entry
            if isinstance(text, yaml.ScalarNode) and text.value.strip():
                block = text.style in {"|", ">"}
                plain = text.value.strip()
                yield _ENTITY.sub(r"\1", plain.removeprefix("- ") if block else plain), text.start_mark.line + 1 + block
        return
    if not isinstance(examples, yaml.ScalarNode):
        raise ConfigurationError(f"{name}:{examples.start_mark.line + 1}: examples must be a block of lines ('|').")
    first = examples.start_mark.line + (2 if examples.style in {"|", ">"} else 1)
    for number, line in enumerate(examples.value.splitlines(), start=first):
        written = line.strip()
        if not written:
            continue
        if not written.startswith("-"):
            raise ConfigurationError(f"{name}:{number}: an example begins with '- ', this line with '{written[:20]}'.")
        text = _ENTITY.sub(r"\1", written[1:].strip())
        if text:
            yield text, number


def _list_of(node: yaml.Node | None, name: str) -> Iterator[yaml.Node]:
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return
    if not isinstance(node, yaml.SequenceNode):
        raise ConfigurationError(f"{name}:{node.start_mark.line + 1}: 'nlu' must be a list of intents.")
    yield from node.value


def _child(node: yaml.Node, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                return value  # type: ignore[no-any-return]  # PyYAML's stubs leave the pairs untyped
    return None


def _keys(node: yaml.Node) -> list[str]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [name.value for name, _value in pairs if isinstance(name, yaml.ScalarNode)]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
