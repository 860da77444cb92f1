"""Names the intent by logistic regression over the sentence vector; scikit-learn is needed to train it, not to use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Text, Type

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import (
    FEATURE_TYPE_SENTENCE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.clauses import with_clauses
from bot.kept import KeptComponent

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

# On unit vectors sklearn's default of 1 leaves the probabilities nearly flat; found on CLINC150's validation split.
DEFAULT_C = 30.0
MAX_ITERATIONS = 200
# A tenth of the iterations does with 1e-3, and costs CLINC150 1.5 % of the validation accuracy.
TOLERANCE = 1e-4
RANKING_LENGTH = "ranking_length"
WEIGHTS_FILE = "weights.npy"
NAMES_FILE = "intents.json"


def regression(c: float) -> LogisticRegression:
    """Returns the untrained classifier that both the assistant and the gate's held-out folds use."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=MAX_ITERATIONS, tol=TOLERANCE, class_weight="balanced", random_state=42)


class Decision:
    """A trained regression as plain numbers: a softmax over one weighted sum for each intent."""

    def __init__(self, names: Sequence[str], weights: np.ndarray) -> None:
        """Keeps the intents' names and their weights `[intents, size + 1]`, the last column being the intercepts."""
        self.names = list(names)
        self.weights = weights
        # Whole rows and in the form of what they are multiplied with: otherwise both are copied for each message.
        self._factors = np.ascontiguousarray(weights[:, :-1], dtype=np.float64)
        self._intercepts = weights[:, -1].astype(np.float64)

    @classmethod
    def of(cls, trained: LogisticRegression) -> Decision:
        """Takes the numbers out of a trained classifier.

        With two intents scikit-learn keeps one row, the second's; a first row of zeros makes its sigmoid a softmax.
        """
        rows = np.hstack([trained.coef_, trained.intercept_[:, None]])
        if len(trained.classes_) == 2:
            rows = np.vstack([np.zeros_like(rows), rows])
        return cls([str(name) for name in trained.classes_], rows)

    def probabilities(self, vector: np.ndarray) -> np.ndarray:
        """Returns one probability for each intent, in the order of `names`."""
        scores = self._factors @ vector.astype(np.float64) + self._intercepts
        raised = np.exp(scores - scores.max())
        return raised / raised.sum()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceClassifier(KeptComponent[Decision], IntentClassifier):
    """Logistic regression over dense sentence features. Untrained, it leaves a message without an intent."""

    @classmethod
    def required_components(cls) -> List[Type]:
        """Sentence vectors must exist."""
        return [DenseFeaturizer]

    @staticmethod
    def required_packages() -> List[Text]:
        """Packages needed to train."""
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The settings: `C`, the inverse of the L2 penalty, and how many guesses a ranking holds, 0 meaning all."""
        return {"C": DEFAULT_C, RANKING_LENGTH: 10}

    @classmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> Optional[Decision]:
        """Reads the weights."""
        weights = np.load(directory / WEIGHTS_FILE, allow_pickle=False)
        names = json.loads((directory / NAMES_FILE).read_text(encoding="utf-8"))
        return Decision(names, weights) if names else None

    def write(self, directory: Path) -> None:
        """Writes the weights."""
        decision = self._learned or Decision([], np.empty((0, 1)))
        np.save(directory / WEIGHTS_FILE, decision.weights, allow_pickle=False)
        (directory / NAMES_FILE).write_text(json.dumps(decision.names), encoding="utf-8")

    def train(self, training_data: TrainingData) -> Resource:
        """Trains on one thread: on matrices this small a thread pool mostly waits for itself, up to 20 times longer."""
        from threadpoolctl import threadpool_limits

        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        names = [example.get(INTENT) for example in examples]
        if len(set(names)) > 1:
            vectors = np.stack([sentence_vector(example) for example in examples])
            with threadpool_limits(limits=1):
                self._learned = Decision.of(regression(self._config["C"]).fit(vectors, names))
        elif names:
            self._learned = Decision(names[:1], np.zeros((1, len(sentence_vector(examples[0])) + 1)))
        return self.keep()

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets the most likely intent and the ranking."""
        if self._learned is None:
            return messages
        for message in with_clauses(messages):
            probabilities = self._learned.probabilities(sentence_vector(message))
            best = np.argsort(-probabilities)[: self._config[RANKING_LENGTH] or None]
            ranking = [
                {INTENT_NAME_KEY: self._learned.names[place], PREDICTED_CONFIDENCE_KEY: float(probabilities[place])}
                for place in best
            ]
            message.set(INTENT, dict(ranking[0]), add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages


def sentence_vector(message: Message) -> np.ndarray:
    """Returns the dense sentence features `[size]` of a message.

    Raises:
        ValueError: No featurizer ran before.
    """
    found = [
        one
        for one in message.features
        if one.attribute == TEXT and one.type == FEATURE_TYPE_SENTENCE and one.is_dense()
    ]
    if len(found) == 1:  # as a rule; Rasa's way of joining several copies them
        return found[0].features[0]
    _, sentence = message.get_dense_features(TEXT)
    if sentence is None:
        raise ValueError("No dense sentence features: put a featurizer before this component.")
    return sentence.features[0]
