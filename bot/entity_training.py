"""Trains the named-entity model that stands beside the rules: what surrounds a name tells it, so names never listed are found."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

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

from bot.entities import NameModel

SEED = 20
LEARNED = ("product", "plan", "person", "company")
"""What is learned. Numbers, dates, amounts and addresses are told by their form, which rules do better."""
THING = "thing"
"""A slot for ordinary words, which stand where names could and are none."""
EACH = 9
"""Sentences made of each pattern."""
PLAIN = 1200
"""Training examples without a name that are learned from, at most."""
_INVENTED = {"product": 0.6, "company": 0.5, "person": 0.4}
"""How often a name is made up."""
_ONSETS = (
    "b", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "qu", "r", "s", "sh", "st",
    "t", "tr", "v", "w", "z",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "io", "oo", "y")
_CODAS = (
    "", "", "", "n", "r", "l", "x", "ly", "ify", "io", "desk", "hub", "flow", "ware", "base", "son", "ez", "ov", "ski", "mann",
)  # fmt: skip
_COMPANIES = (
    "Ltd", "Inc", "GmbH", "AG", "Group", "Logistics", "Foods", "Studio", "Partners", "Media", "Labs", "Systems", "Textiles", "Energy",
    "Bakery", "Clinic", "School", "Design", "Consulting", "Dynamics", "Freight", "& Sons",
)  # fmt: skip
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


class Named(NamedTuple):
    """A sentence and its names as (start, end, type)."""

    text: str
    spans: List[Tuple[int, int, str]]


def add_model(pipeline: Language) -> None:
    """Adds the untrained model to a pipeline."""
    pipeline.add_pipe("ner", config=_MODEL)


def train_model(sentences: Sequence[Named], epochs: int) -> Optional[NameModel]:
    """Trains a model with a fixed seed; None where there is no name to learn from."""
    if not any(spans for _, spans in sentences):
        return None
    fix_random_seed(SEED)
    shuffled = _dice()
    pipeline = spacy.blank("en")
    add_model(pipeline)
    examples = []
    ordinary: Set[str] = set()
    for text, spans in sentences:
        doc = pipeline.make_doc(text)
        whole = [one for one in spans if doc.char_span(*one) is not None]
        examples.append(Example.from_dict(doc, {"entities": whole}))
        ordinary.update(token.lower_ for token in doc if not any(start <= token.idx < end for start, end, _ in spans))
    optimizer = pipeline.initialize(lambda: examples)
    for _ in range(epochs):
        shuffled.shuffle(examples)
        for batch in minibatch(examples, size=64):
            pipeline.update(batch, sgd=optimizer, drop=0.2)
    return NameModel(pipeline, frozenset(ordinary))


def _dice() -> random.Random:
    return random.Random(SEED)  # noqa: S311 - what is learned from must be the same each time


def sentences_of(path: Path, messages: Iterable[Message]) -> List[Named]:
    """Returns what to learn from: the file's patterns with names in them, and the training examples with their annotations.

    Raises:
        InvalidConfigException: the file is not in the form of data/entities/names.yml.
    """
    return [*made_sentences(path), *_annotated(messages)]


def made_sentences(path: Path) -> List[Named]:
    """Puts names into the patterns of a file; every name and pattern comes up, half of all in small letters."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        names = {str(kind): [str(name) for name in listed] for kind, listed in data["names"].items()}
        patterns = [str(pattern) for pattern in data["sentences"]]
        missing = {kind for pattern in patterns for kind in _SLOT.findall(pattern)} - set(names)
        if missing:
            raise ValueError(f"there are no names for {{{sorted(missing)[0]}}}")
        if unknown := sorted(set(names) - {*LEARNED, THING}):
            raise ValueError(f"{unknown[0]} is none of {', '.join(LEARNED)} and {THING}")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidConfigException(f"The names in {path} are not right: {error}.") from error
    chosen = _dice()
    decks: Dict[str, List[str]] = {kind: [] for kind in names}
    made = []
    for pattern in patterns:
        for place in range(EACH if _SLOT.search(pattern) else 2):
            made.append(_filled(pattern, names, decks, chosen, small=place % 2 == 1))
    return made


def _filled(
    pattern: str, names: Dict[str, List[str]], decks: Dict[str, List[str]], chosen: random.Random, *, small: bool
) -> Named:
    text, spans, done = "", [], 0
    for slot in _SLOT.finditer(pattern):
        kind = slot.group(1)
        if not decks[kind]:
            decks[kind] = chosen.sample(names[kind], len(names[kind]))
        name = decks[kind].pop()
        if kind in _INVENTED and chosen.random() < _INVENTED[kind]:
            name = _invented(kind, chosen)
        text += pattern[done : slot.start()]
        if kind != THING:
            spans.append((len(text), len(text) + len(name), kind))
        text, done = text + name, slot.end()
    text += pattern[done:]
    # "İ" grows when it is made small, so places are kept by the letter.
    return Named("".join(one.lower()[:1] or one for one in text) if small else text[:1].upper() + text[1:], spans)


def _invented(kind: str, chosen: random.Random) -> str:
    """Makes up a name, so that the model learns where names stand instead of the names."""

    def word() -> str:
        syllables = (chosen.choice(_ONSETS) + chosen.choice(_VOWELS) for _ in range(chosen.choice((2, 2, 3))))
        return ("".join(syllables) + chosen.choice(_CODAS)).capitalize()

    if kind == "person":
        return word() if chosen.random() < 0.4 else f"{word()} {word()}"
    if kind == "company":
        return f"{word()} {chosen.choice(_COMPANIES)}" if chosen.random() < 0.7 else word()
    return word()


def _annotated(messages: Iterable[Message]) -> List[Named]:
    found: List[Named] = []
    plain: List[Named] = []
    for message in messages:
        text = message.get(TEXT) or ""
        spans = [
            (int(one[ENTITY_ATTRIBUTE_START]), int(one[ENTITY_ATTRIBUTE_END]), str(one[ENTITY_ATTRIBUTE_TYPE]))
            for one in message.get(ENTITIES) or []
            if one.get(ENTITY_ATTRIBUTE_TYPE) in LEARNED and one.get(ENTITY_ATTRIBUTE_START) is not None
        ]
        (found if spans else plain).append(Named(text[:300], [one for one in spans if one[1] <= 300]))
    return [*found, *_dice().sample(plain, min(PLAIN, len(plain)))]
