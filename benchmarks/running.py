"""Starts what the benchmarks compare, each as its users start it: `baton run`, and Rasa's own server with its default project."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from server.children import SERVING

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("BATON_HOME") or ROOT / "var")
RASA = ROOT / ".venv-rasa" / "bin" / "python"
PLENTY = "1000000"
"""A rate limit that no benchmark reaches."""


@dataclass(frozen=True)
class Running:
    """A started program with all its children."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def ready(self, path: str) -> bool:
        """Tell whether `path` answers with 200 by now.

        Raises:
            SystemExit: the program has ended.
        """
        if self.process.poll() is not None:
            sys.exit(f"{self.process.args!r} ended with {self.process.returncode}:\n{self.log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_for(self, path: str, seconds: float = 240) -> None:
        """Wait until `path` answers with 200.

        Raises:
            SystemExit: it did not in time.
        """
        end = time.monotonic() + seconds
        while not self.ready(path):
            if time.monotonic() > end:
                sys.exit(f"{self.url}{path} was not ready within {seconds:.0f} s:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.2)

    def processes(self) -> list[psutil.Process]:
        """Return the program and all that it started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the processor time used so far, children that run included."""
        return sum(self._each(lambda one: sum(one.cpu_times()[:2])))

    def memory_mb(self) -> tuple[float, float]:
        """Return memory in MB (10⁶ bytes): PSS, which counts shared pages once, and RSS, which counts them in each process."""
        used = self._each(lambda one: one.memory_full_info())
        return sum(one.pss for one in used) / 1e6, sum(one.rss for one in used) / 1e6

    def _each(self, ask: Callable[[psutil.Process], Any]) -> list[Any]:
        answers = []
        for one in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                answers.append(ask(one))
        return answers


@contextlib.contextmanager
def baton(home: Path, command: list[str] | None = None, **settings: str) -> Iterator[Running]:
    """Run `baton run`, or another command in its place, in this home, with the models that `make setup` made, and these settings."""
    port, bot_port = free_port(), free_port()
    environment = {
        "BATON_HOME": str(home),
        "BATON_PORT": str(port),
        "BATON_BOT_PORT": str(bot_port),
        "BATON_ENCODER_DIR": str(HOME / "models" / "encoder"),
        "BATON_BOT_MODEL": str(HOME / "models" / "rasa" / "assistant.tar.gz"),
        "BATON_MESSAGES_PER_MINUTE": PLENTY,
        "BATON_SESSIONS_PER_MINUTE": PLENTY,
        **settings,
    }
    command = command or [str(ROOT / ".venv" / "bin" / "baton"), "run"]
    with _started(command, home, environment, port, home / "baton.log") as running:
        yield running


@contextlib.contextmanager
def assistant(folder: Path, token: str, actions: str) -> Iterator[Running]:
    """Run the trained assistant by itself, as the service runs it.

    Args:
        folder: where its log goes.
        token: what callers of its webhook bear.
        actions: the address of the actions.
    """
    port = free_port()
    command = [
        str(RASA), "-m", "bot.launch", "run", "--model", str(HOME / "models" / "rasa" / "assistant.tar.gz"),
        "--interface", "127.0.0.1", "--port", str(port), "--credentials", str(ROOT / "bot" / "credentials.yml"),
        "--endpoints", str(ROOT / "endpoints.yml"),
    ]  # fmt: skip
    environment = {**SERVING, "PYTHONPATH": str(ROOT), "BATON_BOT_TOKEN": token, "BATON_ACTION_URL": actions}
    with _started(command, folder, environment, port, folder / "assistant.log") as running:
        yield running


@contextlib.contextmanager
def rasa_default(folder: Path, model: Path) -> Iterator[Running]:
    """Run Rasa's own server with its default project and its REST channel."""
    port = free_port()
    project = model.parent.parent
    command = [
        str(RASA), "-m", "rasa", "run", "--model", str(model), "--credentials", str(project / "credentials.yml"),
        "--endpoints", str(project / "endpoints.yml"), "--interface", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with _started(command, folder, quiet(), port, folder / "peer.log") as running:
        yield running


def default_project(say: Callable[[str], None]) -> Path:
    """Return the model of `rasa init`'s project, trained once for each version of Rasa and kept in `var/bench-cache`."""
    answer = subprocess.run(
        [RASA, "-c", "import importlib.metadata as m; print(m.version('rasa'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    kept = ROOT / "var" / "bench-cache" / f"rasa-{answer.stdout.strip()}"
    if not list((kept / "models").glob("*.tar.gz")):
        say("Training rasa init's default project (a few minutes, once) …")
        with tempfile.TemporaryDirectory() as folder:
            command = [RASA, "-m", "rasa", "init", "--no-prompt", "--init-dir", folder]
            environment = {**os.environ, **quiet()}
            made = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            if made.returncode != 0 or not list((Path(folder) / "models").glob("*.tar.gz")):
                sys.exit(f"rasa init failed:\n{made.stderr[-2000:]}")
            shutil.copytree(folder, kept, dirs_exist_ok=True)
    return max((kept / "models").glob("*.tar.gz"))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _started(command: list[str], folder: Path, environment: dict[str, str], port: int, log: Path) -> Iterator[Running]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Running(process, f"http://127.0.0.1:{port}", log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def quiet() -> dict[str, str]:
    """Return the environment in which Rasa and TensorFlow say nothing and call nobody."""
    return {
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONWARNINGS": "ignore",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
