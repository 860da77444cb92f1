"""A tiny assistant, trained once per run through Rasa's own graph."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any, Iterator

import pytest

from bot.launch import leave_out_tensorflow

leave_out_tensorflow()  # as the assistant is run; before the first import of Rasa

import rasa  # noqa: E402
from rasa.core.agent import Agent  # noqa: E402
from rasa.core.utils import AvailableEndpoints  # noqa: E402
from rasa.utils.endpoints import EndpointConfig  # noqa: E402
from served import PROJECT, Served, free_port  # noqa: E402

from bot.serve import load_agent  # noqa: E402

TINY = Path(__file__).parent / "data" / "tiny"


@pytest.fixture(scope="session")
def encoder_dir() -> Path:
    """The exported encoder; without it nothing here can be trained."""
    named = os.environ.get("BATON_ENCODER_DIR", str(PROJECT / "var" / "models" / "encoder"))
    if not (Path(named) / "model.onnx").is_file():
        pytest.fail(f"No encoder in {named}: export it, or name it in BATON_ENCODER_DIR.")
    return Path(named)


@pytest.fixture(scope="session")
def archive(encoder_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model whose encoder directory has since been deleted."""
    work = tmp_path_factory.mktemp("assistant")
    lent = work / "encoder"
    shutil.copytree(encoder_dir, lent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BATON_ENCODER_DIR", str(lent))
        patch.setenv("RASA_CACHE_DIRECTORY", str(work / "cache"))
        patch.setenv("RASA_TELEMETRY_ENABLED", "false")
        trained = rasa.train(
            domain=str(TINY / "domain.yml"),
            config=str(PROJECT / "config.yml"),
            training_files=[str(TINY / "nlu.yml"), str(TINY / "rules.yml")],
            output=str(work / "models"),
            fixed_model_name="tiny",
        )
    shutil.rmtree(lent)
    assert trained.code == 0
    return Path(trained.model)


@pytest.fixture(scope="session")
def agent(archive: Path) -> Agent:
    """The loaded model, with no action server behind its endpoint."""
    endpoints = AvailableEndpoints(
        tracker_store=EndpointConfig(type="bot.tracker_store.BoundedTrackerStore", max_conversations=50),
        action=EndpointConfig(url=f"http://127.0.0.1:{free_port()}/nobody-listens"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BATON_ENCODER_DIR", raising=False)
        return asyncio.run(load_agent(archive, endpoints))


@pytest.fixture(scope="session")
def understand(agent: Agent) -> Any:
    """A function from a text to Rasa's parse data."""
    return lambda text: asyncio.run(agent.parse_message(text))


@pytest.fixture(scope="session")
def served(agent: Agent) -> Iterator[Served]:
    """The assistant behind its channel."""
    server = Served(agent)
    server.start()
    yield server
    server.stop()
