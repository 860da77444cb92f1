"""Chooses which of the matters in one message leads: its rule decides what happens, and the action behind it sees to the others."""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Optional, Sequence, Text, Type

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message

from bot.clauses import INTENTS


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class LeadingMatter(IntentClassifier, GraphComponent):
    """Puts the matter that leads in the place of the intent, where a message has `intents`.

    Who asks for a person gets one, whatever else they ask. Else a question is answered, then a request taken. What is said only
    out of courtesy never hides either. `intents` loses only what is said in passing (see `sure`). It stands last, behind all
    that may take the intent from the classifiers.
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        """Nothing: without several intents it does nothing."""
        return []

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings, each a list of intents, the first leading.

        `people`: a person comes at once.
        `sure`: how surely a clause must be one of those where the whole message is not; "my phone got stolen and I have no codes"
            is no break-in.
        `settled`: where the whole message is one of these, it is left so.
        `requests`: asked of the assistant, and answered by no article.
        `courtesies`: neither question nor request. Every intent that is in no list is a question.
        """
        return {"people": [], "sure": 0.7, "settled": [], "requests": [], "courtesies": []}

    def __init__(self, config: Dict[Text, Any]) -> None:
        """Keeps the settings."""
        self._config = config

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LeadingMatter:
        """Makes the component."""
        return cls(config)

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets the intent of each message that asks for several things."""
        for message in messages:
            told = message.get(INTENTS) or []
            own = (message.get(INTENT) or {}).get(INTENT_NAME_KEY)
            if not told or own is None:
                continue
            matters = [one for one in told if not self._in_passing(one, own)]
            if len(matters) < len(told):
                message.set(INTENTS, matters if len(matters) > 1 else [], add_to_output=True)
            if matters:
                self._lead(message, own, matters)
        return messages

    def _in_passing(self, matter: Dict[Text, Any], own: Text) -> bool:
        name = matter[INTENT_NAME_KEY]
        return (
            name != own and name in self._config["people"] and matter[PREDICTED_CONFIDENCE_KEY] < self._config["sure"]
        )

    def _lead(self, message: Message, own: Text, matters: Sequence[Dict[Text, Any]]) -> None:
        if own in self._config["settled"]:
            return
        surest = sorted(matters, key=lambda one: -one[PREDICTED_CONFIDENCE_KEY])
        name = self.choose(own, [one[INTENT_NAME_KEY] for one in surest])
        if name == own:
            return
        leading = next(one for one in matters if one[INTENT_NAME_KEY] == name)
        chosen = {key: leading[key] for key in (INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY)}
        others = [
            {**guess, PREDICTED_CONFIDENCE_KEY: min(guess[PREDICTED_CONFIDENCE_KEY], chosen[PREDICTED_CONFIDENCE_KEY])}
            for guess in message.get(INTENT_RANKING_KEY) or []
            if guess[INTENT_NAME_KEY] != name
        ]
        message.set(INTENT, chosen, add_to_output=True)
        message.set(INTENT_RANKING_KEY, [dict(chosen), *others], add_to_output=True)

    def choose(self, own: Text, names: Sequence[Text]) -> Text:
        """Returns the intent that leads.

        Args:
            own: what the whole message was taken for.
            names: what its clauses were taken for, the surest first.
        """
        there = [own, *names]
        return (
            _first(self._config["people"], there)
            or next((name for name in there if self.is_question(name)), None)
            or _first(self._config["requests"], there)
            or own
        )

    def is_question(self, name: Text) -> bool:
        """Tells whether an intent is one that articles answer."""
        return not any(name in self._config[kind] for kind in ("people", "settled", "requests", "courtesies"))


def _first(wanted: Sequence[Text], there: Collection[Text]) -> Optional[Text]:
    return next((name for name in wanted if name in there), None)
