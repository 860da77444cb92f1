"""Finds what a support message names: by rules what has a form (invoices, amounts, error codes), by a trained model other names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Collection, Dict, FrozenSet, List, NamedTuple, Optional, Text, Tuple

import spacy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    EXTRACTOR,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.language import Language
from spacy.pipeline import EntityRuler
from spacy.tokens import Doc, Span, Token

from bot.encoder import CORRECTED, words_of_encoder
from bot.entity_patterns import AFTER_FIRST_WORD, may_be_a_name, normalise, patterns
from bot.entity_serving import serve
from bot.entity_shapes import NO_SHAPES, NameShapes, is_no_name, trimmed
from bot.kept import KeptComponent
from bot.required_words import RequiredWords
from bot.spelling import mistyped
from bot.vocabulary import Renewed
from bot.word_ends import look_at_ends

MAX_LENGTH = 2000
NAMES = Path(__file__).parents[1] / "data" / "entities" / "names.yml"
LEARNED_NAME = "EntityReader.names"
"""The extractor that is named with what the model found; English surroundings tell it, so in another language it guesses."""
MODEL_FOLDER = "names"
ORDINARY_FILE = "ordinary.json"
FAMILIAR_FILE = "familiar.json"
COMMON_FILE = "common.json"
SHAPES_FILE = "shapes.json"
_MARKUP = frozenset("<>{}")
"""Beside one of these a word is of a markup, and no name."""
_ENDINGS = ("s", "d", "es", "ed", "ing")
_INTRODUCE = frozenset(
    {"name", "named", "names", "called", "regards", "mr", "mr.", "mrs", "mrs.", "ms", "ms.", "dr", "dr.", "@"}
)
"""Behind one of these a common word may be a name."""
_REACH = 3
"""Words in between and the word itself, as in "my name is rose" and "regards, jack miller"."""
STRANGE = "<strange>"
"""What the model reads in place of a word that training hardly saw outside of a name: its letters tell nothing, its shape and place do."""


class NameModel:
    """The trained model with the words that are no part of a name: a message of such words alone is not worth its time."""

    def __init__(
        self,
        pipeline: Language,
        ordinary: FrozenSet[str],
        familiar: Optional[FrozenSet[str]] = None,
        common: FrozenSet[str] = frozenset(),
        shapes: NameShapes = NO_SHAPES,
    ) -> None:
        """Keeps them.

        Args:
            pipeline: has the trained model.
            ordinary: words that stood outside of names in training.
            familiar: words that the model knows by themselves; None for a model that was trained to read each word as it is.
            common: words of the language that training saw in no name: in small letters they are none, unless something introduces them.
            shapes: words that tell of what kind a name is.
        """
        self.pipeline = pipeline
        self.ordinary = ordinary
        self.familiar = familiar
        self.common = common
        self.shapes = shapes

    def names(self, doc: Doc, mistyped: Collection[str] = ()) -> List[Tuple[int, int, str]]:
        """Finds the names in a text that the pipeline has made tokens of; marks them in `doc`.

        Args:
            doc: the text.
            mistyped: words of it, in small letters, that are other words mistyped, and so as little a name as common ones. A plan's name
                may be mistyped itself, and is looked at apart from that.

        Returns:
            Start, end and type of each.
        """
        if not any(self._unusual(doc, place) for place in range(len(doc))):
            return []
        if self.familiar is not None:
            read_strange_words(doc, self.familiar)
        found = []
        for guess in self.pipeline.get_pipe("ner")(doc).ents:
            name = trimmed(guess, self.ordinary)
            if (
                name is not None
                and self._is_written_as_one(name, () if guess.label_ == "plan" else mistyped)
                and not is_no_name(name.text, guess.label_, self.common)
            ):
                found.append((name.start_char, name.end_char, self.shapes.kind_of(name.text, guess.label_)))
        return found

    def _is_written_as_one(self, name: Span, mistyped: Collection[str]) -> bool:
        """Tells whether it has a word that can be a name's, and stands in no markup."""
        text = name.doc.text
        around = {text[max(0, name.start_char - 1) : name.start_char], text[name.end_char : name.end_char + 1]}
        may_be = any(
            token.is_alpha and (_is_large(token, mistyped) or self._is_strange(name.doc, token.i, mistyped))
            for token in name
        )
        return may_be and may_be_a_name(name.text) and not around & _MARKUP

    def on_new_vocabulary(self) -> NameModel:
        """Returns the same model on a vocabulary that holds no customer's words."""
        from bot.entity_training import add_model

        pipeline = spacy.blank("en")
        add_model(pipeline)
        known, fresh = self.pipeline.get_pipe("ner"), pipeline.get_pipe("ner")
        fresh.from_bytes(known.to_bytes(exclude=["vocab", "model"]), exclude=["vocab", "model"])
        fresh.model = known.model  # it knows words by their hashes, which are alike in every vocabulary
        return NameModel(pipeline, self.ordinary, self.familiar, self.common, self.shapes)

    def _unusual(self, doc: Doc, place: int) -> bool:
        token = doc[place]
        if not token.is_alpha and token.like_num:
            return False
        return self._is_strange(doc, place) or (place > 0 and token.is_title)

    def _is_strange(self, doc: Doc, place: int, mistyped: Collection[str] = ()) -> bool:
        """Tells whether a word may be a name in small letters."""
        word = doc[place].lower_
        if word in self.ordinary:
            return False
        return (word not in self.common and word not in mistyped) or any(
            before.lower_ in _INTRODUCE for before in doc[max(0, place - _REACH) : place]
        )


def _is_large(token: Token, mistyped: Collection[str]) -> bool:
    """Tells whether a word is written as names are, and is no other word mistyped."""
    return bool(token.is_title) and token.lower_ not in mistyped


def read_strange_words(doc: Doc, familiar: FrozenSet[str]) -> None:
    """Sets the norm of words, by which the model knows them: of a familiar word's forms to that word, of all others to `STRANGE`."""
    for token in doc:
        word = token.lower_
        if token.is_alpha and word not in familiar:
            cut = (word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending))
            token.norm_ = next((base for base in cut if base in familiar), STRANGE)


class _Reading(NamedTuple):
    """All that reads with one vocabulary."""

    pipeline: Language
    names: Optional[NameModel]
    rules: EntityRuler
    required: RequiredWords

    @classmethod
    def on(cls, names: Optional[NameModel]) -> _Reading:
        """Builds the rules on the vocabulary of a model, or on a new one."""
        pipeline = names.pipeline if names else spacy.blank("en")
        look_at_ends(pipeline)
        written = patterns()
        rules = EntityRuler(pipeline)
        rules.add_patterns(written)
        return cls(pipeline, names, rules, RequiredWords(pipeline.vocab, [rule["pattern"] for rule in written]))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class EntityReader(KeptComponent[NameModel], EntityExtractorMixin):
    """Reads the words of a blank English pipeline by an entity ruler and by a model trained with the assistant. Rules win."""

    @staticmethod
    def required_packages() -> List[Text]:
        """Packages imported when the pipeline is built."""
        return ["spacy"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings.

        `max_length`: only so many characters are read, so that a pasted log cannot stall a turn.
        `names`: the file that the model learns from beside the annotated examples; null trains no model.
        `epochs`: how often it sees each sentence.
        `encoder`: the folder of the encoder whose words are common ones; null takes BATON_ENCODER_DIR.
        """
        return {"max_length": MAX_LENGTH, "names": str(NAMES), "epochs": 10, "encoder": None}

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Optional[str]:
        """Trains anew when the names change, or how is learned from them."""
        # Rasa hands in the settings with the defaults at one place and without them at another.
        names = {**cls.get_default_config(), **config}["names"]
        if names is None:
            return None
        try:
            learned_by = Path(__file__).with_name("entity_training.py").read_bytes()
            return hashlib.sha256(Path(names).read_bytes() + learned_by).hexdigest()
        except OSError as error:
            raise InvalidConfigException(f"The names in {names} cannot be read: {error.strerror}.") from error

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        learned: Optional[NameModel] = None,
    ) -> None:
        """Builds the rules, on the words of a trained model if there is one."""
        super().__init__(config, model_storage, resource, learned)
        self._read_with(learned)

    def _read_with(self, names: Optional[NameModel]) -> None:
        self._learned = names
        self._renewed = Renewed(
            lambda before: _Reading.on(names.on_new_vocabulary() if names and before else names),
            lambda reading: reading.pipeline.vocab,
        )

    @classmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> Optional[NameModel]:
        """Reads the trained model; None where none was trained."""
        from bot.entity_training import add_model

        ordinary = json.loads((directory / ORDINARY_FILE).read_text(encoding="utf-8"))
        if not (directory / MODEL_FOLDER).is_dir():
            return None
        pipeline = spacy.blank("en")
        add_model(pipeline)
        familiar = None  # of a model from before there were such words
        if (directory / FAMILIAR_FILE).is_file():
            familiar = frozenset(json.loads((directory / FAMILIAR_FILE).read_text(encoding="utf-8")))
        common: FrozenSet[str] = frozenset()
        if (directory / COMMON_FILE).is_file():
            common = frozenset(json.loads((directory / COMMON_FILE).read_text(encoding="utf-8")))
        shapes = NameShapes.read(directory / SHAPES_FILE)
        names = NameModel(pipeline.from_disk(directory / MODEL_FOLDER), frozenset(ordinary), familiar, common, shapes)
        serve(pipeline.get_pipe("ner").model)
        return names

    def write(self, directory: Path) -> None:
        """Writes the trained model."""
        names = self._learned
        ordinary = sorted(names.ordinary) if names else []
        (directory / ORDINARY_FILE).write_text(json.dumps(ordinary), encoding="utf-8")
        if names is not None:
            names.pipeline.to_disk(directory / MODEL_FOLDER)
            (directory / COMMON_FILE).write_text(json.dumps(sorted(names.common)), encoding="utf-8")
            names.shapes.write(directory / SHAPES_FILE)
        if names is not None and names.familiar is not None:
            (directory / FAMILIAR_FILE).write_text(json.dumps(sorted(names.familiar)), encoding="utf-8")

    def train(self, training_data: TrainingData) -> Resource:
        """Trains the model and keeps it in the archive."""
        from bot.entity_training import learn_names

        if self._config["names"] is not None:
            path, messages = Path(self._config["names"]), training_data.intent_examples
            self._read_with(learn_names(path, messages, self._config["epochs"], words_of_encoder(self._config)))
        return self.keep()

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds the entities found to each message, in Rasa's format."""
        for message in messages:
            text = message.get(TEXT) or ""
            found = self.extract(text, mistyped(text, message.get(CORRECTED) or text))
            message.set(ENTITIES, [*message.get(ENTITIES, []), *found], add_to_output=True)
        return messages

    def extract(self, text: Text, wrong: Collection[Text] = ()) -> List[Dict[Text, Any]]:
        """Returns the entities of `text`, in order: type, normalised value, and character offsets with an exclusive end.

        Args:
            text: a message.
            wrong: its mistyped words, in small letters.
        """
        read = text[: self._config["max_length"]].encode("utf-8", "replace").decode("utf-8")
        reading = self._renewed.reader
        doc = reading.pipeline.make_doc(read)
        found = self._by_rules(reading, doc)
        if reading.names is not None:
            by_rule = list(found)
            for start, end, kind in reading.names.names(doc, wrong):
                if all(end <= other[0] or start >= other[1] for other in by_rule):
                    found.append((start, end, kind, LEARNED_NAME))
        return [
            {
                ENTITY_ATTRIBUTE_TYPE: kind,
                ENTITY_ATTRIBUTE_START: start,
                ENTITY_ATTRIBUTE_END: end,
                ENTITY_ATTRIBUTE_VALUE: normalise(kind, read[start:end]),
                EXTRACTOR: source,
            }
            for start, end, kind, source in sorted(found)
        ]

    def _by_rules(self, reading: _Reading, doc: Doc) -> List[Tuple[int, int, str, str]]:
        """Returns start, end, type and extractor of what has a form; `doc` stays as it is, for the model sees what is marked."""
        if not reading.required.among(token.text for token in doc):
            return []
        found = []
        for matched in reading.rules(doc.copy()).ents:
            span = matched[1:] if matched.ent_id_ == AFTER_FIRST_WORD else matched
            found.append((span.start_char, span.end_char, matched.label_, type(self).__name__))
        return found
