"""Reads messages without a letter or digit, "👍" or "???": to the sentence encoder they all look alike."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Text, Type

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.kept import KeptComponent

NO_WORDS = "no_words"
SIGNS_FILE = "signs.json"
READ = 200
_WORD = re.compile(r"[^\W_]")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class WordlessReader(KeptComponent[Dict[Text, Text]], IntentClassifier):
    """Sets the intent that a message's signs stand for, the most frequent and then the first deciding, else `no_words`."""

    @classmethod
    def required_components(cls) -> List[Type]:
        """Nothing: it reads the text. It stands behind the classifiers, whose intent it replaces."""
        return []

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings: `signs`, for intents a string of signs with spaces between, such as `{affirm: "👍 ✅"}`."""
        return {"signs": {}}

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        """Refuses signs that are none."""
        signs = config["signs"]
        if not isinstance(signs, dict) or not all(isinstance(one, str) for one in signs.values()):
            raise InvalidConfigException("WordlessReader: 'signs' must look like {affirm: \"👍 ✅\"}.")
        wrong = [sign for listed in signs.values() for sign in listed.split() if _WORD.search(sign)]
        if wrong:
            raise InvalidConfigException(f"WordlessReader: {wrong[0]!r} has a letter or digit and is no sign.")

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        learned: Optional[Dict[Text, Text]] = None,
    ) -> None:
        """Keeps what each sign stands for; untrained, it knows none."""
        super().__init__(config, model_storage, resource, learned)
        self._take(learned or {})

    def _take(self, intents: Dict[Text, Text]) -> None:
        self._intents = intents
        longest_first = sorted(intents, key=len, reverse=True)
        self._signs = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    @classmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> Dict[Text, Text]:
        """Reads what each sign stands for."""
        intents: Dict[Text, Text] = json.loads((directory / SIGNS_FILE).read_text(encoding="utf-8"))
        return intents

    def write(self, directory: Path) -> None:
        """Writes it."""
        (directory / SIGNS_FILE).write_text(json.dumps(self._intents), encoding="utf-8")

    def train(self, training_data: TrainingData) -> Resource:
        """Takes the signs of those intents that the assistant has."""
        listed = self._config["signs"].items()
        self._take(
            {sign: intent for intent, signs in listed if intent in training_data.intents for sign in signs.split()}
        )
        return self.keep()

    def process(self, messages: List[Message]) -> List[Message]:
        """Reads each message that has no words."""
        for message in messages:
            intent = self.intent_of(message.get(TEXT) or "")
            if intent is not None:
                chosen = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: 1.0}
                message.set(INTENT, chosen, add_to_output=True)
                message.set(INTENT_RANKING_KEY, [dict(chosen)], add_to_output=True)
        return messages

    def intent_of(self, text: str) -> Optional[str]:
        """Returns the intent of a text without words, None for any other."""
        if not text.strip() or _WORD.search(text):
            return None
        found = Counter(self._intents[sign] for sign in self._signs.findall(text[:READ]))
        return found.most_common(1)[0][0] if found else NO_WORDS
