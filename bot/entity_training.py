"""Trains the named-entity model that stands beside the rules: what surrounds a name tells it, so names never listed are found."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import spacy
import yaml
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from spacy.language import Language
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch

from bot.entities import NameModel, read_strange_words
from bot.entity_shapes import FORMS, NO_SHAPES, TITLES, TRADES, NameShapes

SEED = 20
LEARNED = ("product", "plan", "person", "company")
"""What is learned. Numbers, dates, amounts and addresses are told by their form, which rules do better."""
THING = "thing"
"""A slot for ordinary words, which stand where names could and are none."""
EACH = 8
"""Sentences made of each pattern."""
FAMILIAR = 2
"""Occurrences outside of names from which on the model knows a word by itself. What it knows once it would know by heart."""
PLAIN = 1200
"""Training examples without a name that are learned from, at most."""
_INVENTED = {"product": 0.6, "company": 0.85, "person": 0.85}
"""How often a name is made up, or put together of parts, instead of taken from the list."""
PARTS = ("given", "family", "title", "firm", "trade", "form")
"""What persons and companies are put together of."""
TELLING = (TITLES, TRADES, FORMS)
_ONSETS = (
    "b", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "qu", "r", "s", "sh", "st",
    "t", "tr", "v", "w", "z",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "io", "oo", "y")
_CODAS = (
    "", "", "", "n", "r", "l", "x", "ly", "ify", "io", "desk", "hub", "flow", "ware", "base",
)  # fmt: skip
_ENDS_OF_PEOPLE = (
    "", "", "n", "r", "l", "s", "a", "o", "ic", "us", "sen", "son", "ska", "ski", "ez", "ov", "mann", "ini",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_SLOT = re.compile(r"\{(\w+)\}")
_MODEL = {
    "moves": None,
    "update_with_oracle_cut_size": 100,
    "model": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 48,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": {
            "@architectures": "spacy.HashEmbedCNN.v2",
            "pretrained_vectors": None,
            "width": 48,
            "depth": 2,
            "embed_size": 1000,
            "window_size": 1,
            "maxout_pieces": 2,
            "subword_features": True,
        },
    },
}
Parts = Dict[str, List[str]]


class Named(NamedTuple):
    """A sentence and its names as (start, end, type)."""

    text: str
    spans: List[Tuple[int, int, str]]


def add_model(pipeline: Language) -> None:
    """Adds the untrained model to a pipeline."""
    pipeline.add_pipe("ner", config=_MODEL)


def learn_names(path: Path, messages: Iterable[Message], epochs: int, words: Iterable[str]) -> Optional[NameModel]:
    """Trains a model as `baton train` does.

    Args:
        path: the file of names and sentences.
        messages: the training examples.
        epochs: how often each sentence is seen.
        words: of the language; see `train_model`.

    Raises:
        InvalidConfigException: the file is not in the form of data/entities/names.yml.
    """
    examples = list(messages)
    return train_model(sentences_of(path, examples), epochs, telling_words(path, examples), words, shapes_of(path))


def train_model(
    sentences: Sequence[Named],
    epochs: int,
    telling: Iterable[str] = (),
    words: Iterable[str] = (),
    shapes: NameShapes = NO_SHAPES,
) -> Optional[NameModel]:
    """Trains a model with a fixed seed; None where there is no name to learn from.

    Args:
        sentences: what to learn from.
        epochs: how often each is seen.
        telling: words that the model knows by themselves whatever they occur in; see `telling_words`.
        words: of the language. Those that are in no name but a company's, which are put together of common words, are common.
        shapes: words that tell of what kind a name is.
    """
    if not any(spans for _, spans in sentences):
        return None
    fix_random_seed(SEED)
    shuffled = _dice()
    pipeline = spacy.blank("en")
    add_model(pipeline)
    docs = [pipeline.make_doc(text) for text, _ in sentences]
    outside = Counter(
        token.lower_
        for doc, (_, spans) in zip(docs, sentences, strict=True)
        for token in doc
        if not any(start <= token.idx < end for start, end, _ in spans)
    )
    familiar = frozenset(word for word, many in outside.items() if many >= FAMILIAR) | frozenset(telling)
    examples = []
    for doc, (_, spans) in zip(docs, sentences, strict=True):
        read_strange_words(doc, familiar)
        whole = [one for one in spans if doc.char_span(*one) is not None]
        examples.append(Example.from_dict(doc, {"entities": whole}))
    optimizer = pipeline.initialize(lambda: examples)
    for _ in range(epochs):
        shuffled.shuffle(examples)
        for batch in minibatch(examples, size=64):
            pipeline.update(batch, sgd=optimizer, drop=0.2)
    named = {
        word.lower()
        for text, spans in sentences
        for start, end, kind in spans
        if kind != "company"
        for word in text[start:end].split()
    }
    return NameModel(pipeline, frozenset(outside), familiar, frozenset(words) - named, shapes)


def _dice() -> random.Random:
    return random.Random(SEED)  # noqa: S311 - what is learned from must be the same each time


def sentences_of(path: Path, messages: Iterable[Message]) -> List[Named]:
    """Returns what to learn from: the file's patterns with names in them, and the training examples with their annotations.

    Raises:
        InvalidConfigException: the file is not in the form of data/entities/names.yml.
    """
    return [*made_sentences(path), *_annotated(messages)]


def telling_words(path: Path, messages: Iterable[Message]) -> FrozenSet[str]:
    """Returns words that the model knows by themselves however seldom they are, in small letters.

    They are those of the file that tell what a name is of (titles, trades and forms of companies), those of training examples
    without a name, and the small words of English.
    """
    parts = yaml.safe_load(path.read_text(encoding="utf-8")).get("parts") or {}
    telling = {word.lower() for kind in TELLING for part in parts.get(kind) or [] for word in str(part).split()}
    plain = {
        word.lower()
        for message in messages
        if not _names_in(message)
        for word in _WORD.findall(message.get(TEXT) or "")
    }
    return frozenset(telling | plain | spacy.blank("en").Defaults.stop_words)


def shapes_of(path: Path) -> NameShapes:
    """Returns the words of the file that tell of what kind a name is; of several words the last does."""
    parts = yaml.safe_load(path.read_text(encoding="utf-8")).get("parts") or {}
    return NameShapes(*(frozenset(str(part).split()[-1] for part in parts.get(kind) or []) for kind in TELLING))


def made_sentences(path: Path) -> List[Named]:
    """Puts names into the patterns of a file; every name and pattern comes up, half of all in small letters."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        names = {str(kind): [str(name) for name in listed] for kind, listed in data["names"].items()}
        patterns = [str(pattern) for pattern in data["sentences"]]
        parts = {kind: [str(part) for part in (data.get("parts") or {}).get(kind) or []] for kind in PARTS}
        missing = {kind for pattern in patterns for kind in _SLOT.findall(pattern)} - set(names)
        if missing:
            raise ValueError(f"there are no names for {{{sorted(missing)[0]}}}")
        if unknown := sorted(set(names) - {*LEARNED, THING}):
            raise ValueError(f"{unknown[0]} is none of {', '.join(LEARNED)} and {THING}")
        lacking = [kind for kind in PARTS if not parts[kind]] if {"person", "company"} & set(names) else []
        if lacking:
            raise ValueError(f"there are no parts of names called {lacking[0]}")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidConfigException(f"The names in {path} are not right: {error}.") from error
    chosen = _dice()
    decks: Parts = {kind: [] for kind in names}
    made = []
    for pattern in patterns:
        for place in range(EACH if _SLOT.search(pattern) else 2):
            made.append(_filled(pattern, names, parts, decks, chosen, small=place % 2 == 1))
    return made


def _filled(pattern: str, names: Parts, parts: Parts, decks: Parts, chosen: random.Random, *, small: bool) -> Named:
    text, spans, done = "", [], 0
    for slot in _SLOT.finditer(pattern):
        kind = slot.group(1)
        if not decks[kind]:
            decks[kind] = chosen.sample(names[kind], len(names[kind]))
        name = decks[kind].pop()
        if kind in _INVENTED and chosen.random() < _INVENTED[kind]:
            name = _invented(kind, parts, chosen)
        text += pattern[done : slot.start()]
        if kind != THING:
            spans.append((len(text), len(text) + len(name), kind))
        text, done = text + name, slot.end()
    text += pattern[done:]
    # "İ" grows when it is made small, so places are kept by the letter.
    return Named("".join(one.lower()[:1] or one for one in text) if small else text[:1].upper() + text[1:], spans)


def _invented(kind: str, parts: Parts, chosen: random.Random) -> str:
    """Makes up a name, so that the model learns where names stand and what they look like instead of the names."""
    if kind == "person":
        return _person(parts, chosen)
    return _company(parts, chosen) if kind == "company" else _word(_CODAS, chosen)


def _word(ends: Sequence[str], chosen: random.Random) -> str:
    syllables = (chosen.choice(_ONSETS) + chosen.choice(_VOWELS) for _ in range(chosen.choice((2, 2, 3))))
    return ("".join(syllables) + chosen.choice(ends)).capitalize()


def _person(parts: Parts, chosen: random.Random) -> str:
    def one(kind: str) -> str:
        return _word(_ENDS_OF_PEOPLE, chosen) if chosen.random() < 0.4 else chosen.choice(parts[kind])

    given, family = one("given"), one("family")
    shapes = (
        (0.38, given),
        (0.80, f"{given} {family}"),
        (0.86, f"{chosen.choice(parts['title'])} {family}"),
        (0.91, f"{given}-{one('given')} {family}"),
        (0.95, f"{given} {family}-{one('family')}"),
        (0.98, f"{given[0]}. {family}"),
        (1.00, f"{chosen.choice(parts['title'])} {given} {family}"),
    )
    return _shaped(shapes, chosen)


def _company(parts: Parts, chosen: random.Random) -> str:
    firm = _word(_CODAS, chosen) if chosen.random() < 0.5 else chosen.choice(parts["firm"])
    trade, form, family = (chosen.choice(parts[kind]) for kind in ("trade", "form", "family"))
    shapes = (
        (0.30, f"{firm} {trade}"),
        (0.45, f"{firm} {form}"),
        (0.57, firm + chosen.choice(parts["firm"]).lower()),
        (0.66, f"{firm} {chosen.choice(parts['firm'])}"),
        (0.75, f"{firm} {trade} {form}"),
        (0.83, f"{family} {trade}"),
        (0.90, f"{family} & {chosen.choice(parts['family'])}"),
        (0.95, f"{family} {form}"),
        (1.00, firm),
    )
    return _shaped(shapes, chosen)


def _shaped(shapes: Sequence[Tuple[float, str]], chosen: random.Random) -> str:
    """Returns one of the names; each has the share up to its figure."""
    drawn = chosen.random()
    return next(name for share, name in shapes if drawn < share)


def _annotated(messages: Iterable[Message]) -> List[Named]:
    found: List[Named] = []
    plain: List[Named] = []
    for message in messages:
        text, spans = message.get(TEXT) or "", _names_in(message)
        (found if spans else plain).append(Named(text[:300], [one for one in spans if one[1] <= 300]))
    return [*found, *_dice().sample(plain, min(PLAIN, len(plain)))]


def _names_in(message: Message) -> List[Tuple[int, int, str]]:
    return [
        (int(one[ENTITY_ATTRIBUTE_START]), int(one[ENTITY_ATTRIBUTE_END]), str(one[ENTITY_ATTRIBUTE_TYPE]))
        for one in message.get(ENTITIES) or []
        if one.get(ENTITY_ATTRIBUTE_TYPE) in LEARNED and one.get(ENTITY_ATTRIBUTE_START) is not None
    ]
