"""Decides whether to answer, to ask what was meant or to decline, because a classifier's own probability judges that badly."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Text, Type

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
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

from bot.asking import is_question
from bot.classifier import DEFAULT_C, sentence_vector
from bot.clauses import with_clauses
from bot.encoder import encoder_directory
from bot.kept import KeptComponent
from bot.scope import (
    ANSWER,
    ASK,
    CHOICES,
    DECLINE,
    HELD_OUT_FILE,
    OUT_OF_SCOPE,
    SCOPE,
    SURE,
    UNSURE,
    Examples,
    confidence,
    score,
)

logger = logging.getLogger(__name__)

EXAMPLES_FILE = "examples.npy"
DECISION_FILE = "decision.json"
FEWEST_STATED = 20
"""Examples of an intent that show whether it is ever put as a question."""


class Judgement(NamedTuple):
    """What the gate knows about one message; docs/understanding.md tells what follows from each decision."""

    probability: float
    similarity: float
    threshold: float
    ask_threshold: float

    @property
    def score(self) -> float:
        """How sure the gate is of the best guess: 0 to 1."""
        return float(score(self.probability, self.similarity))

    @property
    def share(self) -> float:
        """What a guess's probability is multiplied by for its confidence: the best one's is then on the gate's scale."""
        return confidence(self.score, self.threshold) / max(self.probability, 1e-9)

    @property
    def decision(self) -> str:
        """`answer` at the threshold and above, `ask` at the lower one and above, else `decline`."""
        scored = self.score
        if scored >= self.threshold:
            return ANSWER
        return ASK if scored >= self.ask_threshold else DECLINE


class Line(NamedTuple):
    """Where the gate draws the line, and the examples that it measures from."""

    examples: Examples
    threshold: float
    ask_threshold: float
    report: Dict[Text, Any]
    """What the thresholds do to messages held out in training."""
    talk_threshold: float = 0.0
    """The threshold of small talk, which is rude where it is the wrong guess."""
    never_asked: FrozenSet[str] = frozenset()
    """Small talk of which no example is a question."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ScopeGate(KeptComponent[Line], IntentClassifier):
    """Sets `nlu_unsure` where probability and similarity to the intent's examples say little together, `nlu_fallback` where less.

    The judgement itself is published as `scope` in the parse data, with the guesses that a question may offer.
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

        `threshold`, `ask_threshold`: fixed thresholds; each is learned in training when null.
        `foreign_worth`, `unasked_worth`, `max_in_scope_loss`: what learning them weighs; see `bot.threshold.Worth`.
        `talk`, `max_talk_loss`: intents that would be rude where they are guessed wrongly, and the share of them that may be held back:
            they have a threshold of their own, and those of which no example is a question are not taken for what asks.
        `C`: the classifier's penalty, which the held-out folds must share.
        `encoder`: the folder of the encoder, beside which a tuned one keeps its rehearsal; null takes BATON_ENCODER_DIR.
        """
        return {
            "threshold": None,
            "ask_threshold": None,
            "foreign_worth": 0.15,
            "unasked_worth": 0.03,
            "max_in_scope_loss": 0.02,
            "talk": [],
            "max_talk_loss": 0.03,
            "C": DEFAULT_C,
            "folds": 5,
            "seed": 20,
            "encoder": None,
        }

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        """Refuses settings outside their ranges."""
        for key in (
            "threshold",
            "ask_threshold",
            "foreign_worth",
            "unasked_worth",
            "max_in_scope_loss",
            "max_talk_loss",
        ):
            if config[key] is not None and not 0 <= config[key] <= 1:
                raise InvalidConfigException(f"ScopeGate: '{key}' must lie between 0 and 1.")
        if config["folds"] < 2:
            raise InvalidConfigException("ScopeGate: 'folds' must be 2 or more.")

    @classmethod
    def untrained(cls, config: Dict[Text, Any]) -> Line:
        """Returns a line without examples: it lets everything through."""
        return Line(Examples(np.empty((0, 0), dtype=np.float32), []), 0.0, 0.0, {})

    @classmethod
    def read(cls, directory: Path, config: Dict[Text, Any]) -> Line:
        """Reads the examples and the thresholds."""
        vectors = np.load(directory / EXAMPLES_FILE, allow_pickle=False).astype(np.float32)
        decision = json.loads((directory / DECISION_FILE).read_text(encoding="utf-8"))
        examples = Examples(vectors, [decision["intents"][number] for number in decision["examples"]])
        return Line(
            examples,
            decision["threshold"],
            decision["ask_threshold"],
            decision.get("held_out") or {},
            decision.get("talk_threshold", decision["threshold"]),  # a model of before has one threshold for all
            frozenset(decision.get("never_asked") or ()),
        )

    def write(self, directory: Path) -> None:
        """Writes them, and what the thresholds do."""
        line = self._line
        intents = sorted(set(line.examples.names))
        number_of = {intent: number for number, intent in enumerate(intents)}
        decision = {
            "threshold": line.threshold,
            "ask_threshold": line.ask_threshold,
            "talk_threshold": line.talk_threshold,
            "never_asked": sorted(line.never_asked),
            "held_out": line.report,
            "intents": intents,
            "examples": [number_of[name] for name in line.examples.names],
        }
        np.save(directory / EXAMPLES_FILE, line.examples.vectors.astype(np.float16), allow_pickle=False)
        (directory / DECISION_FILE).write_text(json.dumps(decision), encoding="utf-8")

    @property
    def _line(self) -> Line:
        return self._learned or self.untrained(self._config)

    @classmethod
    def fingerprint_addon(cls, config: Dict[Text, Any]) -> Optional[Text]:
        """Names the rehearsal's content and how thresholds are learned: those learned otherwise are not taken from the cache."""
        digest = hashlib.sha256()
        for part in ("threshold.py", "scope.py", "asking.py"):
            digest.update(Path(__file__).with_name(part).read_bytes())
        file = (encoder_directory(config) or Path()) / HELD_OUT_FILE
        if file.is_file():
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def train(self, training_data: TrainingData) -> Resource:
        """Keeps the examples and learns the thresholds from the training data alone."""
        labelled = [example for example in training_data.intent_examples if example.get(TEXT)]
        names = np.array([example.get(INTENT) for example in labelled], dtype=str)
        vectors = np.array([_unit_vector(example) for example in labelled], dtype=np.float32)
        examples = Examples(vectors, names) if len(vectors) else self._line.examples
        learned = self._learn(examples, vectors, names)
        texts = [str(example.get(TEXT)) for example in labelled]
        self._learned = learned._replace(never_asked=_never_asked(texts, names, self._config["talk"]))
        logger.info("Scope gate: answers from %.3f, asks from %.3f.", self._line.threshold, self._line.ask_threshold)
        return self.keep()

    def _learn(self, examples: Examples, vectors: np.ndarray, names: np.ndarray) -> Line:
        """Returns the thresholds with what they do to messages held out in training."""
        from bot import threshold  # scikit-learn, which a running assistant does without

        rehearsed = threshold.rehearsals(encoder_directory(self._config))
        tried = rehearsed or threshold.folds(vectors, names, number=self._config["folds"], seed=self._config["seed"])
        held_out = threshold.together([threshold.judge(fold, c=self._config["C"], choices=CHOICES) for fold in tried])
        worth = threshold.Worth(
            self._config["foreign_worth"], self._config["unasked_worth"], self._config["max_in_scope_loss"]
        )
        learned = threshold.choose(held_out, worth, examples=len(names), rehearsed=bool(rehearsed))
        fixed = self._config["threshold"], self._config["ask_threshold"]
        used = threshold.Thresholds(
            *(
                float(by_learning if by_hand is None else by_hand)
                for by_hand, by_learning in zip(fixed, learned, strict=True)
            )
        )
        talk = threshold.choose_of_talk(
            held_out, self._config["talk"], loss=self._config["max_talk_loss"], least=used.answer
        )
        return Line(examples, *used, threshold.report(held_out, used, rehearsed=bool(rehearsed)), talk)

    def process(self, messages: List[Message]) -> List[Message]:
        """Puts the confidences on the gate's scale and holds back what stays below the thresholds."""
        for message in with_clauses(messages):
            self._decide(message)
        return messages

    def _decide(self, message: Message) -> None:
        intent = message.get(INTENT) or {}
        line = self._line
        if not intent.get(INTENT_NAME_KEY) or not len(line.examples):
            return
        similarity = line.examples.similarity(_unit_vector(message), intent[INTENT_NAME_KEY])
        is_talk = intent[INTENT_NAME_KEY] in self._config["talk"]
        threshold = line.talk_threshold if is_talk else line.threshold
        judgement = Judgement(float(intent[PREDICTED_CONFIDENCE_KEY]), similarity, threshold, line.ask_threshold)
        share = judgement.share
        ranking = [
            {**guess, PREDICTED_CONFIDENCE_KEY: share * float(guess[PREDICTED_CONFIDENCE_KEY])}
            for guess in message.get(INTENT_RANKING_KEY) or []
        ]
        named = [guess for guess in ranking if guess[INTENT_NAME_KEY] != OUT_OF_SCOPE]
        decision = judgement.decision
        if intent[INTENT_NAME_KEY] in line.never_asked and is_question(message.get(TEXT) or ""):
            decision = DECLINE
        chosen: Dict[Text, Any] = {
            **intent,
            PREDICTED_CONFIDENCE_KEY: share * judgement.probability,
        }
        if intent[INTENT_NAME_KEY] == OUT_OF_SCOPE:
            decision = DECLINE
        elif decision != ANSWER:
            # Like Rasa's own fallback: the smallest confidence that tops every guess held back.
            name = UNSURE if decision == ASK else DEFAULT_NLU_FALLBACK_INTENT_NAME
            chosen = {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: SURE}
            ranking.insert(0, dict(chosen))
        scope = {
            **judgement._asdict(),
            "score": judgement.score,
            "decision": decision,
            "choices": named[:CHOICES] if decision == ASK else [],
        }
        message.set(INTENT, chosen, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        message.set(SCOPE, scope, add_to_output=True)


def _never_asked(texts: Sequence[str], names: Sequence[str], talk: Sequence[str]) -> FrozenSet[str]:
    """Returns the intents of `talk` that have examples enough to tell, and none in a question's form."""
    told = [name for name in names if name in talk]
    asked = {name for text, name in zip(texts, names, strict=True) if name in talk and is_question(text)}
    return frozenset(name for name in talk if name not in asked and told.count(name) >= FEWEST_STATED)


def _unit_vector(message: Message) -> np.ndarray:
    vector = sentence_vector(message)
    return vector / max(math.sqrt(np.dot(vector, vector)), 1e-9)
