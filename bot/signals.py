"""Adds to each message what it shows beside its topic, frustration and cancellation, each with score and evidence."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Text, Type

import spacy
import yaml
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.cancellation import WISH, CancellationReader, Mention
from bot.clauses import INTENTS
from bot.frustration import Evidence, FrustrationReader, asked_again, combined, described
from bot.kept import KeptComponent
from bot.phrases import WordTokenizer, written
from bot.scope import SCOPE, SURE
from bot.vocabulary import Renewed

SIGNALS = "signals"
FRUSTRATION = "frustration"
CANCELLATION = "cancellation"
LEAST = 0.3
"""Signals below this score are not worth telling."""
RULES_FILE = "signals.yml"
DEFAULT_RULES = Path(__file__).parents[1] / "data" / "signals.yml"
_WISHES = 0.9
_ASKS = 0.4
_DENIES = 0.1


class _Reading(NamedTuple):
    """All that reads with one vocabulary."""

    tokens: WordTokenizer
    frustration: FrustrationReader
    cancellation: CancellationReader

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> _Reading:
        """Compiles the words of `data/signals.yml`."""
        vocab = spacy.blank("en").vocab
        return cls(
            WordTokenizer(vocab),
            FrustrationReader(vocab, words[FRUSTRATION]),
            CancellationReader(vocab, words[CANCELLATION]),
        )


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SignalReader(KeptComponent[str], IntentClassifier):
    """Reads signals by spaCy's matchers in a blank English pipeline, and weighs them with the intent classifier's word.

    Where a message says itself that it is no wish to cancel ("I don't want to cancel", "cancel the meeting"), the intent
    `cancel_subscription` gives way to the next best. So does `frustration` where no word tells of it and the classifier is not sure
    either: an apology and a person are no answer to "for 2 months".
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        """Nothing: without a classifier before it, it reads the text alone."""
        return []

    @staticmethod
    def required_packages() -> List[Text]:
        """Packages needed to read."""
        return ["spacy"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings.

        `rules`: the file of words.
        `frustration_intent`, `cancellation_intent`: the intents that stand for the two signals.
        `frustration_sure`: the least confidence in frustration that the classifier needs where the words do not tell it.
        """
        return {
            "rules": str(DEFAULT_RULES),
            "frustration_intent": "frustration",
            "cancellation_intent": "cancel_subscription",
            "frustration_sure": 0.6,
        }

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Optional[str]:
        """Trains anew when the words change."""
        # Rasa hands in the settings with the defaults at one place and without them at another.
        settings = {**cls.get_default_config(), **config}
        return hashlib.sha256(_rules_text(settings).encode("utf-8")).hexdigest()

    def __init__(
        self, config: Dict[Text, Any], model_storage: ModelStorage, resource: Resource, learned: Optional[str] = None
    ) -> None:
        """Compiles the words, those of the file if no others are given.

        Raises:
            InvalidConfigException: they are not in the form of data/signals.yml.
        """
        super().__init__(config, model_storage, resource, learned)
        self._rules = _rules_text(config) if learned is None else learned
        try:
            data = yaml.safe_load(self._rules)
            self._renewed = Renewed(lambda _before: _Reading.of(data), lambda reading: reading.tokens.vocab)
        except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidConfigException(f"The signals in {config['rules']} are not right: {error}.") from error

    @classmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> str:
        """Reads the words that the component was trained with."""
        return (directory / RULES_FILE).read_text(encoding="utf-8")

    def write(self, directory: Path) -> None:
        """Writes them."""
        (directory / RULES_FILE).write_text(self._rules, encoding="utf-8")

    def train(self, training_data: TrainingData) -> Resource:
        """Keeps the words in the model."""
        return self.keep()

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds the signals to each message."""
        for message in messages:
            text = message.get(TEXT) or ""
            if text:
                self._mark(message, text)
        return messages

    def _mark(self, message: Message, text: str) -> None:
        reading = self._renewed.reader
        tokens = reading.tokens(text)
        shares = {
            guess[INTENT_NAME_KEY]: float(guess[PREDICTED_CONFIDENCE_KEY])
            for guess in message.get(INTENT_RANKING_KEY) or []
            if guess.get(INTENT_NAME_KEY)
        }
        worded = reading.frustration.read(tokens)
        frustration = worded + self._understood("frustration_intent", shares)
        mention = reading.cancellation.read(tokens)
        cancellation = self._weighed(mention, self._understood("cancellation_intent", shares))
        if mention is not None and mention.kind in {"denied", "other"}:
            self._give_way(message, self._config["cancellation_intent"])
        angry = self._config["frustration_intent"]
        if combined(worded) < LEAST and shares.get(angry, 0.0) < self._config["frustration_sure"]:
            self._give_way(message, angry)
        message.set(SIGNALS, worth_telling([_frustrated(frustration), cancellation]), add_to_output=True)

    def _understood(self, setting: str, shares: Dict[str, float]) -> List[Evidence]:
        intent = self._config[setting]
        share = shares.get(intent, 0.0)
        return [Evidence("classifier", intent, round(share, 4))] if share >= LEAST / 2 else []

    @staticmethod
    def _weighed(mention: Optional[Mention], understood: List[Evidence]) -> Dict[str, Any]:
        """Combines what the words say with what the classifier says; the customer's own denial outweighs it."""
        if mention is None:
            return described(CANCELLATION, understood, combined(understood), kind=None)
        weight = {WISH: _WISHES, "asked": _ASKS}.get(mention.kind, _DENIES)
        evidence = [Evidence("wording", written(mention.span)["text"], weight), *understood]
        score = combined(evidence) if mention.kind in {WISH, "asked"} else weight
        return described(CANCELLATION, evidence, score, kind=mention.kind)

    @staticmethod
    def _give_way(message: Message, refused: Text) -> None:
        """Puts the next best intent in the place of the one refused, if the gate would let it through; nor is it asked about."""
        matters = [one for one in message.get(INTENTS) or [] if one[INTENT_NAME_KEY] != refused]
        if message.get(INTENTS):
            message.set(INTENTS, matters if len(matters) > 1 else [], add_to_output=True)
        scope = message.get(SCOPE) or {}
        if scope.get("choices"):
            choices = [one for one in scope["choices"] if one.get(INTENT_NAME_KEY) != refused]
            message.set(SCOPE, {**scope, "choices": choices}, add_to_output=True)
        if (message.get(INTENT) or {}).get(INTENT_NAME_KEY) != refused:
            return
        ranking = [one for one in message.get(INTENT_RANKING_KEY) or [] if one.get(INTENT_NAME_KEY) != refused]
        least = SURE if scope else 0.0
        if not ranking or float(ranking[0][PREDICTED_CONFIDENCE_KEY]) < least:
            nothing = {INTENT_NAME_KEY: DEFAULT_NLU_FALLBACK_INTENT_NAME, PREDICTED_CONFIDENCE_KEY: least}
            ranking.insert(0, nothing)
        message.set(INTENT, dict(ranking[0]), add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)


def worth_telling(signals: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Returns the signals that are strong enough."""
    return [one for one in signals if one["score"] >= LEAST]


def with_repetition(signals: Sequence[Dict[str, Any]], text: str, earlier: Sequence[str]) -> List[Dict[str, Any]]:
    """Returns a message's signals with what its conversation adds: the customer asks the same again."""
    again = asked_again(text, earlier)
    if not again:
        return list(signals)
    known = next((one for one in signals if one["name"] == FRUSTRATION), {"evidence": []})
    evidence = [*(Evidence(**one) for one in known["evidence"]), *again]
    others = [one for one in signals if one["name"] != FRUSTRATION]
    return worth_telling([_frustrated(evidence), *others])


def _frustrated(evidence: Sequence[Evidence]) -> Dict[str, Any]:
    return described(FRUSTRATION, evidence, combined(evidence))


def _rules_text(config: Dict[Text, Any]) -> str:
    try:
        return Path(config["rules"]).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidConfigException(f"The signals in {config['rules']} cannot be read: {error.strerror}.") from error
