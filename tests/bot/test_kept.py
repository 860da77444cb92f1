"""What components learn travels in the model, and a model that lacks it is refused in words."""

from pathlib import Path

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException

from bot.classifier import Decision, SentenceClassifier
from bot.corrector import SpellingCorrector
from bot.encoder import SentenceEncoderFeaturizer
from bot.entities import EntityReader
from bot.gate import ScopeGate
from bot.language import LanguageGate
from bot.signals import SignalReader
from bot.wordless import WordlessReader

KEPT = [
    SentenceClassifier,
    SpellingCorrector,
    SentenceEncoderFeaturizer,
    EntityReader,
    ScopeGate,
    LanguageGate,
    SignalReader,
    WordlessReader,
]
RESOURCE = Resource("train_it")


@pytest.fixture
def storage(tmp_path: Path):
    return LocalModelStorage(tmp_path)


def handed_over(kind, storage):
    """What Rasa's graph calls `create` and `load` with."""
    return kind.get_default_config(), storage, RESOURCE, ExecutionContext(GraphSchema({}), node_name="it")


@pytest.mark.parametrize("kind", KEPT)
def test_a_model_without_a_components_files_is_refused_by_name_and_with_what_to_do(kind, storage):
    with storage.write_to(RESOURCE) as directory:
        (directory / "something_else").write_text("{}")
    with pytest.raises(InvalidConfigException, match=rf"{kind.__name__} learned cannot be read .* baton train"):
        kind.load(*handed_over(kind, storage))


@pytest.mark.parametrize("kind", KEPT)
def test_a_model_that_does_not_know_a_component_is_refused_by_name(kind, storage):
    with pytest.raises(InvalidConfigException, match=kind.__name__):
        kind.load(*handed_over(kind, storage))


def test_what_is_kept_is_read_again(storage):
    decision = Decision(["greet", "refund"], np.arange(6, dtype=float).reshape(2, 3))
    config, *others = handed_over(SentenceClassifier, storage)
    assert SentenceClassifier(config, storage, RESOURCE, decision).keep() == RESOURCE
    read = SentenceClassifier.load(config, *others)._learned
    assert read.names == decision.names
    assert np.array_equal(read.weights, decision.weights)
