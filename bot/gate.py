"""Decides whether a message is within scope, because a classifier's own probability judges that badly."""

from __future__ import annotations

import json
import logging
from typing import Any, Dict, List, NamedTuple, Text, Type

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.classifier import DEFAULT_C, sentence_vector

logger = logging.getLogger(__name__)

OUT_OF_SCOPE = "out_of_scope"
SCOPE = "scope"
EXAMPLES_FILE = "examples.npy"
DECISION_FILE = "decision.json"


class Judgement(NamedTuple):
    """What the gate knows about one message; `score` is `probability * similarity`."""

    probability: float
    similarity: float
    threshold: float

    @property
    def score(self) -> float:
        """Above or at the threshold the message is in scope."""
        return self.probability * self.similarity


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ScopeGate(IntentClassifier, GraphComponent):
    """Sets `nlu_fallback` where the class probability times the cosine to the nearest example is too small.

    The judgement itself is published as `scope` in the parse data, so that a second threshold ("ask back") needs
    a reader, not a new component.
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        """Sentence vectors must exist; a classifier cannot be named here, since it trains beside the gate, not before."""
        return [DenseFeaturizer]

    @staticmethod
    def required_packages() -> List[Text]:
        """Packages needed to learn the threshold."""
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings.

        `threshold`: a fixed threshold; learned in training when null.
        `max_in_scope_loss`: the share of in-scope messages that the learned threshold may decline wrongly.
        `C`: the classifier's penalty, which the held-out folds must share.
        """
        return {"threshold": None, "max_in_scope_loss": 0.01, "C": DEFAULT_C, "folds": 5, "seed": 20}

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        """Refuses settings outside their ranges."""
        if config["threshold"] is not None and not 0 <= config["threshold"] <= 1:
            raise InvalidConfigException("ScopeGate: 'threshold' must lie between 0 and 1.")
        if not 0 <= config["max_in_scope_loss"] < 1:
            raise InvalidConfigException("ScopeGate: 'max_in_scope_loss' must lie between 0 and 1.")
        if config["folds"] < 2:
            raise InvalidConfigException("ScopeGate: 'folds' must be 2 or more.")

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        examples: np.ndarray,
        threshold: float,
    ) -> None:
        """Keeps the in-scope examples' unit vectors `[n, size]` and the threshold."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._examples = examples
        self._threshold = threshold

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ScopeGate:
        """Makes an untrained gate, which lets everything through."""
        return cls(config, model_storage, resource, np.empty((0, 0), dtype=np.float32), 0.0)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> ScopeGate:
        """Reads the examples and the threshold from the model."""
        with model_storage.read_from(resource) as directory:
            examples = np.load(directory / EXAMPLES_FILE, allow_pickle=False).astype(np.float32)
            decision = json.loads((directory / DECISION_FILE).read_text(encoding="utf-8"))
        return cls(config, model_storage, resource, examples, decision["threshold"])

    def train(self, training_data: TrainingData) -> Resource:
        """Keeps the in-scope examples and learns the threshold from the training data alone."""
        from bot.threshold import learn_threshold  # scikit-learn, which a running assistant does without

        labelled = [example for example in training_data.intent_examples if example.get(TEXT)]
        names = np.array([example.get(INTENT) for example in labelled], dtype=object)
        vectors = np.array([_unit_vector(example) for example in labelled], dtype=np.float32)
        inside = names != OUT_OF_SCOPE
        self._examples = vectors[inside] if len(vectors) else self._examples
        fixed = self._config["threshold"]
        if fixed is None:
            self._threshold = learn_threshold(
                vectors,
                names,
                out_of_scope=OUT_OF_SCOPE,
                c=self._config["C"],
                max_loss=self._config["max_in_scope_loss"],
                folds=self._config["folds"],
                seed=self._config["seed"],
            )
        else:
            self._threshold = float(fixed)
        logger.info("Scope gate: threshold %.3f over %d examples.", self._threshold, len(self._examples))
        self._persist()
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Scales the confidences by the similarity and declines what stays below the threshold."""
        for message in messages:
            self._decide(message)
        return messages

    def _decide(self, message: Message) -> None:
        intent = message.get(INTENT) or {}
        if not intent.get(INTENT_NAME_KEY) or not len(self._examples):
            return
        similarity = float(np.clip((self._examples @ _unit_vector(message)).max(), 0.0, 1.0))
        judgement = Judgement(float(intent[PREDICTED_CONFIDENCE_KEY]), similarity, self._threshold)
        ranking = [
            {**guess, PREDICTED_CONFIDENCE_KEY: float(guess[PREDICTED_CONFIDENCE_KEY]) * similarity}
            for guess in message.get(INTENT_RANKING_KEY) or []
        ]
        chosen: Dict[Text, Any] = {**intent, PREDICTED_CONFIDENCE_KEY: judgement.score}
        if intent[INTENT_NAME_KEY] != OUT_OF_SCOPE and judgement.score < self._threshold:
            # Like Rasa's own fallback: the threshold is the smallest confidence that tops every declined guess.
            chosen = {INTENT_NAME_KEY: DEFAULT_NLU_FALLBACK_INTENT_NAME, PREDICTED_CONFIDENCE_KEY: self._threshold}
            ranking.insert(0, dict(chosen))
        message.set(INTENT, chosen, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        message.set(SCOPE, {**judgement._asdict(), "score": judgement.score}, add_to_output=True)

    def _persist(self) -> None:
        with self._model_storage.write_to(self._resource) as directory:
            np.save(directory / EXAMPLES_FILE, self._examples.astype(np.float16), allow_pickle=False)
            decision = json.dumps({"threshold": self._threshold})
            (directory / DECISION_FILE).write_text(decision, encoding="utf-8")


def _unit_vector(message: Message) -> np.ndarray:
    vector = sentence_vector(message)
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
