"""Finds what a support message names (invoices, plans, amounts, error codes) by rules, in well under a millisecond."""

from __future__ import annotations

from typing import Any, Dict, List, Text

import spacy
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.entity_patterns import AFTER_FIRST_WORD, normalise, patterns

MAX_LENGTH = 2000


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class EntityRulerExtractor(GraphComponent, EntityExtractorMixin):
    """Runs a blank English spaCy pipeline with an entity ruler; needs no trained model."""

    @staticmethod
    def required_packages() -> List[Text]:
        """Packages imported when the pipeline is built."""
        return ["spacy"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings: only the first `max_length` characters are read, so that a pasted log cannot stall a turn."""
        return {"max_length": MAX_LENGTH}

    def __init__(self, config: Dict[Text, Any]) -> None:
        """Builds the pipeline."""
        self._max_length = config["max_length"]
        self._pipeline = spacy.blank("en")
        self._pipeline.add_pipe("entity_ruler").add_patterns(patterns())

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EntityRulerExtractor:
        """Makes the component, in training and in use alike."""
        return cls(config)

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds the entities found to each message, in Rasa's format."""
        for message in messages:
            found = self.add_extractor_name(self.extract(message.get(TEXT) or ""))
            message.set(ENTITIES, [*message.get(ENTITIES, []), *found], add_to_output=True)
        return messages

    def extract(self, text: Text) -> List[Dict[Text, Any]]:
        """Returns the entities of `text`: type, normalised value, and character offsets with an exclusive end."""
        found = []
        for matched in self._pipeline(text[: self._max_length]).ents:
            span = matched[1:] if matched.ent_id_ == AFTER_FIRST_WORD else matched
            found.append(
                {
                    ENTITY_ATTRIBUTE_TYPE: matched.label_,
                    ENTITY_ATTRIBUTE_START: span.start_char,
                    ENTITY_ATTRIBUTE_END: span.end_char,
                    ENTITY_ATTRIBUTE_VALUE: normalise(matched.label_, span.text),
                }
            )
        return found
