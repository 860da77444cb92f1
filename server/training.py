"""Trains the assistant: checks its files, has the encoder tuned on their examples, and Rasa trained with it; what is unchanged is kept."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigurationError
from core.tuning import tuning_pays
from server.children import QUIET
from server.intent_places import forgotten_places
from server.processes import inherited
from server.replies import followed_by, with_same_replies
from server.settings import ROOT, Settings
from server.training_files import IntentExample, TrainingFiles, checked_examples

MODEL_NAME = "assistant"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    archive: Path
    encoder: Path
    scope: dict[str, Any]
    """The gate's thresholds and what they do to messages held out in training."""
    anew: bool
    """Whether anything was trained; if not, all inputs were as at the last training."""


def export_encoder(settings: Settings) -> None:
    """Export the encoder in a process of its own, whose torch goes with it.

    Raises:
        ConfigurationError: it failed; what it printed stands above.
    """
    if (settings.encoder / "encoder.json").is_file():
        return
    command = [sys.executable, "-m", "core.export", str(settings.encoder)]
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode != 0:  # noqa: S603
        raise ConfigurationError("The sentence encoder could not be exported; what went wrong stands above.")


def read_training_files(root: Path = ROOT) -> TrainingFiles:
    """Read and check the examples of the checkout.

    Raises:
        ConfigurationError: there is a mistake in them; names each with file and line.
    """
    try:
        domain = yaml.safe_load((root / "domain.yml").read_text(encoding="utf-8"))
        intents = [next(iter(one)) if isinstance(one, dict) else str(one) for one in domain["intents"]]
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise ConfigurationError(f"domain.yml cannot be read: {error}") from error
    files = checked_examples((root / "data" / "nlu").rglob("*.yml"), root=root, intents=intents)
    try:
        files.notes += forgotten_places(files.headings, root=root, domain=domain)
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise ConfigurationError(f"data/rules.yml cannot be read: {error}") from error
    return files


def train(settings: Settings, examples: Sequence[IntentExample], *, say: Say, again: bool = False) -> Trained:
    """Train the assistant on the files of the checkout; idempotent by the content of all inputs.

    Args:
        settings: name the folders, and whether the encoder is tuned.
        examples: the checked examples of `data/nlu`.
        say: is told each step in words.
        again: train even if nothing has changed.

    Raises:
        ConfigurationError: the encoder could not be tuned, or Rasa refused the training data or the settings.
    """
    if not settings.bot_python.exists():
        raise ConfigurationError(f"The bot's environment is missing ({settings.bot_python}). Run make setup.")
    encoder = settings.encoder
    pairs = [(one.text, one.intent) for one in examples]
    if is_to_be_tuned(settings.tune_encoder, pairs):
        corrected = as_read(settings.bot_python, settings.encoder, pairs)
        encoder = tuned_encoder(settings.encoder, settings.tuned_encoder, corrected, say=say, again=again)
    sources = [ROOT / "data" / "nlu", ROOT / "data" / "rules.yml", *sorted((ROOT / "data").glob("stories*.yml"))]
    archive = settings.models / f"{MODEL_NAME}.tar.gz"
    stamp = settings.models / f"{MODEL_NAME}.json"
    read = [
        ROOT / "domain.yml",
        ROOT / "config.yml",
        *sources,
        ROOT / "data" / "entities",
        ROOT / "data" / "signals.yml",
    ]
    made_from = _hash_of([*_files_in([*read, ROOT / "bot"]), encoder / "encoder.json"])
    if not again and archive.is_file() and _said_in(stamp).get("made_from") == made_from:
        return Trained(archive, encoder, _said_in(stamp)["scope"], anew=False)
    say("Training Rasa")
    stamp.unlink(missing_ok=True)
    arguments = ["train", "--domain", "domain.yml", "--data", *sources, "--skip-validation"]
    arguments += ["--force"] if again else []  # else Rasa takes what it has trained before from its own cache
    run_rasa(settings.bot_python, arguments, encoder=encoder, out=settings.models)
    scope = scope_of(archive)
    if scope.get("held_out"):
        scope["held_out"] = with_same_replies(scope["held_out"], followed_by(ROOT / "data" / "rules.yml"))
    stamp.write_text(json.dumps({"made_from": made_from, "scope": scope}, indent=2) + "\n", encoding="utf-8")
    return Trained(archive, encoder, scope, anew=True)


def is_to_be_tuned(setting: str, examples: Sequence[tuple[str, str]]) -> bool:
    """Tell whether the setting `BATON_TUNE_ENCODER`, `auto`, `true` or `false`, has the encoder tuned on these examples."""
    return setting == "true" or (setting == "auto" and tuning_pays(examples))


def as_read(python: Path, encoder: Path, examples: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return examples as the assistant's encoder will read them, mistyped words corrected by the assistant's own rules.

    Args:
        python: the interpreter of the bot's environment.
        encoder: the folder of the encoder, whose words are known.
        examples: texts with their intents.

    Raises:
        ConfigurationError: they could not be read; what went wrong stands above.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "examples.json", Path(folder) / "corrected.json"
        source.write_text(json.dumps(examples), encoding="utf-8")
        command = [python, "-m", "bot.spelling", encoder / "tokenizer.json", source, target]
        environment = {**inherited(os.environ), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command], cwd=ROOT, env=environment, stdout=sys.stderr, check=False
        )
        if done.returncode != 0:
            raise ConfigurationError("The examples could not be read; what went wrong stands above.")
        return [(str(text), str(intent)) for text, intent in json.loads(target.read_text(encoding="utf-8"))]


def tuned_encoder(
    base: Path, target: Path, examples: Sequence[tuple[str, str]], *, say: Say, again: bool = False
) -> Path:
    """Return the folder of an encoder that was tuned on these examples, tuning it first if it is another.

    Args:
        base: the folder of the untuned encoder: the tuned one starts from the same weights.
        target: the folder of the tuned one.
        examples: texts with their intents.
        say: is told each step in words.
        again: tune even if nothing has changed.

    Raises:
        ConfigurationError: it failed; what it printed stands above.
    """
    started_from = _said_in(base / "encoder.json")
    code = _hash_of([ROOT / "core" / name for name in ("tuning.py", "export.py")])
    described = json.dumps([examples, started_from.get("model_id"), code])
    made_from = hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()
    if not again and _said_in(target / "encoder.json").get("made_from") == made_from:
        say("The encoder was tuned on these examples before")
        return target
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "examples.json"
        file.write_text(json.dumps(examples), encoding="utf-8")
        command = [sys.executable, "-m", "core.tuning", file, target, "--made-from", made_from]
        if "model" in started_from:
            command += ["--model", started_from["model"]]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command], cwd=ROOT, env=environment, stdout=sys.stderr, check=False
        )
    if done.returncode != 0:
        raise ConfigurationError(
            "The encoder could not be tuned; what went wrong stands above. BATON_TUNE_ENCODER=false trains without."
        )
    return target


def run_rasa(
    python: Path,
    arguments: Iterable[object],
    *,
    encoder: Path,
    out: Path,
    name: str = MODEL_NAME,
    cache: Path | None = None,
) -> Path:
    """Run Rasa's training with the shipped pipeline in the bot's environment and return the archive.

    Args:
        python: the interpreter of the bot's environment.
        arguments: Rasa's own, `train` first.
        encoder: the folder of the encoder that goes into the model.
        out: the folder of the archive.
        name: the archive's name without `.tar.gz`.
        cache: Rasa's cache of trained parts; the checkout's own if not given.

    Raises:
        ConfigurationError: Rasa refused; what it printed stands above.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.absolute(), prefix=".training-") as made:
        # Rasa packs for seconds into the place it is given: killed there, it would leave half an archive instead of the one before.
        _train(python, arguments, encoder=encoder, out=Path(made), name=name, cache=cache)
        archive = Path(made) / f"{name}.tar.gz"
        return archive.replace(out / archive.name)


def _train(
    python: Path, arguments: Iterable[object], *, encoder: Path, out: Path, name: str, cache: Path | None
) -> None:
    command = [
        python, "-m", "bot.launch", *arguments, "--config", ROOT / "config.yml",
        "--out", out, "--fixed-model-name", name, "--quiet",
    ]  # fmt: skip
    environment = {
        **inherited(os.environ),
        **QUIET,
        **({"RASA_CACHE_DIRECTORY": str(cache)} if cache else {}),
        "PYTHONPATH": str(ROOT),
        "BATON_ENCODER_DIR": str(encoder),
    }
    done = subprocess.run(  # noqa: S603
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0 or not (out / f"{name}.tar.gz").is_file():
        print(done.stdout, file=sys.stderr, flush=True)
        raise ConfigurationError("The assistant could not be trained; what Rasa refused stands above.")


def scope_of(archive: Path) -> dict[str, Any]:
    """Return what the gate inside an archive has learned: `threshold`, `ask_threshold`, `talk_threshold` and `held_out`."""
    with tarfile.open(archive) as file:
        for member in file:
            if "ScopeGate" in member.name and member.name.endswith("decision.json"):
                content = file.extractfile(member)
                said = json.load(content) if content else {}
                return {key: said.get(key) for key in ("threshold", "ask_threshold", "talk_threshold", "held_out")}
    return {}


def _files_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files among `paths` and in the folders among them, without what Python compiled."""
    found = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return sorted(file for file in found if file.is_file() and file.suffix != ".pyc")


def _hash_of(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _said_in(file: Path) -> dict[str, Any]:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
