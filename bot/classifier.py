"""Names the intent: Rasa's logistic regression without its detour through sparse matrices."""

from __future__ import annotations

from typing import Any, Dict, List, Text

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.utils.tensorflow.constants import RANKING_LENGTH
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

# On unit vectors sklearn's default of 1 leaves the probabilities nearly flat; found on CLINC150's validation split.
DEFAULT_C = 30.0
MAX_ITERATIONS = 200


def regression(c: float) -> LogisticRegression:
    """Returns the untrained classifier that both the assistant and the gate's held-out folds use."""
    return LogisticRegression(C=c, max_iter=MAX_ITERATIONS, tol=1e-3, class_weight="balanced", random_state=42)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SentenceClassifier(LogisticRegressionClassifier):
    """Logistic regression over dense sentence features, with a penalty that can be set."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """The parent's settings and `C`, the inverse of the L2 penalty."""
        return {**LogisticRegressionClassifier.get_default_config(), "C": DEFAULT_C}

    def __init__(self, config: Dict[Text, Any], name: Text, model_storage: ModelStorage, resource: Resource) -> None:
        """Replaces the parent's classifier, whose penalty is fixed."""
        super().__init__(config, name, model_storage, resource)
        self.clf = regression(self.config["C"])

    def _create_X(self, messages: List[Message]) -> np.ndarray:
        return np.stack([sentence_vector(message) for message in messages]) if messages else np.empty((0, 0))

    def train(self, training_data: TrainingData) -> Resource:
        """Trains on one thread: on matrices this small a thread pool mostly waits for itself, up to 20 times longer."""
        with threadpool_limits(limits=1):
            return super().train(training_data)

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the most likely intent and the ranking; plain arithmetic, as sklearn's checks cost more than the sum."""
        for message in messages:
            probabilities = self._probabilities(sentence_vector(message))
            best = np.argsort(-probabilities)
            ranking = [
                {INTENT_NAME_KEY: str(self.clf.classes_[place]), PREDICTED_CONFIDENCE_KEY: float(probabilities[place])}
                for place in (best[: self.config[RANKING_LENGTH]] if self.config[RANKING_LENGTH] > 0 else best)
            ]
            message.set(INTENT, dict(ranking[0]), add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def _probabilities(self, vector: np.ndarray) -> np.ndarray:
        if len(self.clf.classes_) == 2:
            return self.clf.predict_proba(vector[None, :])[0]
        scores = self.clf.coef_ @ vector + self.clf.intercept_
        raised = np.exp(scores - scores.max())
        return raised / raised.sum()


def sentence_vector(message: Message) -> np.ndarray:
    """Returns the dense sentence features `[size]` of a message.

    Raises:
        ValueError: No featurizer ran before.
    """
    _, sentence = message.get_dense_features(TEXT)
    if sentence is None:
        raise ValueError("No dense sentence features: put a featurizer before this component.")
    return sentence.features[0]
