"""Has the encoder read what a customer meant to type; every other component reads what was typed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Text, Type

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import ENTITIES, ENTITY_ATTRIBUTE_END, ENTITY_ATTRIBUTE_START, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.clauses import with_clauses
from bot.encoder import CORRECTED, words_of_encoder
from bot.kept import KeptComponent
from bot.spelling import Speller

WORDS_FILE = "words.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class SpellingCorrector(KeptComponent[Speller]):
    """Sets `corrected` where a message, or a training example, holds a word that was most likely mistyped.

    Words are known from the encoder's own list of whole words and from the examples, to which unknown ones are corrected.
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        """Nothing: it reads the text."""
        return []

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The setting `encoder`: the folder of the encoder whose words are known; null takes BATON_ENCODER_DIR."""
        return {"encoder": None}

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Optional[Text]:
        """Names the rules of spelling and the encoder's words: what was corrected otherwise is not taken from the cache."""
        digest = hashlib.sha256()
        for part in ("spelling.py", "abbreviations.py"):
            digest.update(Path(__file__).with_name(part).read_bytes())
        digest.update("\n".join(words_of_encoder(config)).encode("utf-8"))
        return digest.hexdigest()

    @classmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> Speller:
        """Reads the words."""
        return Speller.from_json(json.loads((directory / WORDS_FILE).read_text(encoding="utf-8")))

    def write(self, directory: Path) -> None:
        """Writes the words; untrained, it knows none and corrects nothing."""
        if self._learned is not None:
            (directory / WORDS_FILE).write_text(json.dumps(self._learned.to_json()), encoding="utf-8")

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the words of the examples."""
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        names = [
            example.get(TEXT)[one[ENTITY_ATTRIBUTE_START] : one[ENTITY_ATTRIBUTE_END]]
            for example in examples
            for one in example.get(ENTITIES) or []
            if one.get(ENTITY_ATTRIBUTE_START) is not None
        ]
        self._learned = Speller.of(
            (example.get(TEXT) for example in examples), frozenset(words_of_encoder(self._config)), names
        )
        return self.keep()

    def process(self, messages: List[Message]) -> List[Message]:
        """Corrects messages and their clauses."""
        for message in with_clauses(messages):
            self._correct(message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Corrects the examples as the messages that are compared to them."""
        for example in training_data.intent_examples:
            self._correct(example)
        return training_data

    def _correct(self, message: Message) -> None:
        text = message.get(TEXT)
        corrected = self._learned.corrected(text) if text and self._learned else text
        if corrected != text:
            message.set(CORRECTED, corrected)
