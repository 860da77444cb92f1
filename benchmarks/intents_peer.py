"""The peer of `benchmarks/intents.py`: Rasa's default pipeline with DIET, and how both sides are trained and timed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from running import RASA, quiet
from telling import say

from core.errors import ConfigurationError
from server.training_files import IntentExample

DIET_EPOCHS = 100
"""The peer's default; Rasa's default pipeline names it."""


def write_nlu(examples: Sequence[IntentExample], path: Path) -> Path:
    """Write training data as JSON: in Rasa's YAML a text with brackets would be read as an entity."""
    common = [{"text": one.text, "intent": one.intent, "entities": []} for one in examples]
    path.write_text(json.dumps({"rasa_nlu_data": {"common_examples": common}}), encoding="utf-8")
    return path


def processor_seconds() -> float:
    """Return what the children that have ended used of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def train_peer(train: Sequence[IntentExample], folder: Path) -> tuple[Path, dict[str, Any]]:
    """Train Rasa's default pipeline, the one that it fills an empty `config.yml` with."""
    say(f"training Rasa's default pipeline on {len(train)} messages (minutes to hours) …")
    config = folder / "config.yml"
    shutil.copyfile(_default_pipeline(), config)
    return _train_rasa_default(train, folder, config)


def estimate_peer(train: Sequence[IntentExample], folder: Path, *, epochs: int) -> dict[str, Any]:
    """Return what training Rasa's default pipeline would take, from one epoch of DIET and from `epochs` of them: each costs the same."""
    times = []
    for number in (1, epochs):
        say(f"training Rasa's default pipeline for {number} of its {DIET_EPOCHS} epochs …")
        config = yaml.safe_load(_default_pipeline().read_text(encoding="utf-8"))
        for component in config["pipeline"]:
            if component["name"] == "DIETClassifier":
                component["epochs"] = number
        part = folder / str(number)
        part.mkdir(parents=True, exist_ok=True)
        (part / "config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        times.append(_train_rasa_default(train, part, part / "config.yml")[1])
    first, last = times
    each = {name: (last[name] - first[name]) / (epochs - 1) for name in first}
    return {name: round(first[name] + (DIET_EPOCHS - 1) * each[name], 1) for name in first} | {"epochs_trained": epochs}


def _default_pipeline() -> Path:
    where = "import rasa.engine.recipes.config_files as c; print(list(c.__path__)[0] + '/default_config.yml')"
    said = subprocess.run([RASA, "-W", "ignore", "-c", where], capture_output=True, text=True, check=True).stdout
    return Path(said.strip())


def _train_rasa_default(train: Sequence[IntentExample], folder: Path, config: Path) -> tuple[Path, dict[str, float]]:
    nlu = write_nlu(train, folder / "nlu.json")
    began, used = time.perf_counter(), processor_seconds()
    command = [
        RASA, "-m", "rasa", "train", "nlu", "--nlu", nlu, "--config", config, "--out", folder, "--fixed-model-name", "peer",
    ]  # fmt: skip
    environment = {**os.environ, **quiet(), "RASA_CACHE_DIRECTORY": str(folder / "cache")}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    archive = folder / "peer.tar.gz"
    if not archive.is_file():
        raise ConfigurationError(
            f"Rasa's default pipeline could not be trained:\n{done.stdout[-1500:]}{done.stderr[-1500:]}"
        )
    return archive, {
        "fit_s": round(time.perf_counter() - began, 1),
        "fit_cpu_s": round(processor_seconds() - used, 1),
    }
