"""Has the encoder read what a customer meant to type; every other component reads what was typed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Text, Type

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, ENTITY_ATTRIBUTE_END, ENTITY_ATTRIBUTE_START, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.clauses import with_clauses
from bot.encoder import CORRECTED, TOKENIZER_FILE, encoder_directory
from bot.spelling import Speller, whole_words

WORDS_FILE = "words.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class SpellingCorrector(GraphComponent):
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
        """Names the rules of spelling: what was corrected otherwise is not taken from the cache."""
        return hashlib.sha256(Path(__file__).with_name("spelling.py").read_bytes()).hexdigest()

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        speller: Optional[Speller] = None,
    ) -> None:
        """Keeps what the graph hands over; untrained, it corrects nothing."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._speller = speller

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SpellingCorrector:
        """Makes an untrained component."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SpellingCorrector:
        """Reads the words from the model."""
        with model_storage.read_from(resource) as directory:
            stored = json.loads((directory / WORDS_FILE).read_text(encoding="utf-8"))
        return cls(config, model_storage, resource, Speller.from_json(stored))

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the words of the examples."""
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        names = [
            example.get(TEXT)[one[ENTITY_ATTRIBUTE_START] : one[ENTITY_ATTRIBUTE_END]]
            for example in examples
            for one in example.get(ENTITIES) or []
            if one.get(ENTITY_ATTRIBUTE_START) is not None
        ]
        self._speller = Speller.of((example.get(TEXT) for example in examples), frozenset(self._whole_words()), names)
        with self._model_storage.write_to(self._resource) as directory:
            (directory / WORDS_FILE).write_text(json.dumps(self._speller.to_json()), encoding="utf-8")
        return self._resource

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
        corrected = self._speller.corrected(text) if text and self._speller else text
        if corrected != text:
            message.set(CORRECTED, corrected)

    def _whole_words(self) -> List[str]:
        directory = encoder_directory(self._config)
        if directory is None or not (directory / TOKENIZER_FILE).is_file():
            return []  # the encoder itself says what is missing
        return whole_words(directory / TOKENIZER_FILE)
