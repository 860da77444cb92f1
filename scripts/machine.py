"""The machine: what it must have that nobody can install for it, and commands that are run on it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import checkout

LEAST_FREE = 10 * 1024**3
"""Bytes that both environments, their caches and the models need on a fresh machine."""
FULL = 50 * 1024**2
"""Bytes; with less than that free, a command that failed has failed for want of space."""
DISK_FULL = f"The disk is full. Free some space under {checkout.ROOT}, then run it again."
QUIET = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "UV_LINK_MODE": "copy",
    "UV_NO_PROGRESS": "1",
    "UV_COMPILE_BYTECODE": "1",
}


class SetupError(Exception):
    """Something that a person has to do first, in one sentence."""


def check_machine() -> None:
    """See that the machine has what nobody can install for it.

    Raises:
        SetupError: it has not.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have another
        raise SetupError(f"Baton's service needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(f"Python's venv is missing. Install it with 'apt install python{version}-venv'.")
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise SetupError("Node.js 20 with npm is missing. Install it from your system's packages or nodejs.org.")
    version = output(["node", "--version"]).lstrip("v")
    if int(version.split(".")[0]) < 20:
        raise SetupError(f"Node.js 20 or newer is needed; this is {version}.")
    if not (checkout.BOT / "bin" / "rasa").exists():
        find_python310()
        free = shutil.disk_usage(checkout.ROOT).free
        if free < LEAST_FREE:
            raise SetupError(
                f"The disk has {free / 1024**3:.1f} GiB free; both environments need {LEAST_FREE // 1024**3}. Free some space."
            )


def find_python310() -> Path:
    """Return a Python 3.10 that runs: on PATH, else pyenv's, else uv's.

    Raises:
        SetupError: there is none.
    """
    pyenv = os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv")
    found = [shutil.which("python3.10") or "", *map(str, sorted(Path(pyenv).glob("versions/3.10*/bin/python")))]
    if uv := shutil.which("uv"):
        answer = subprocess.run([uv, "python", "find", "3.10"], capture_output=True, text=True, check=False)
        found.append(answer.stdout.strip() if answer.returncode == 0 else "")
    for candidate in found:
        if candidate and runs_python310(candidate):
            return Path(candidate)
    raise SetupError(
        "Python 3.10 is missing, which Rasa needs. Install it with 'apt install python3.10 python3.10-venv', "
        "'pyenv install 3.10' or 'uv python install 3.10'."
    )


def runs_python310(interpreter: str) -> bool:
    """Tell whether this interpreter starts and is Python 3.10: a shim on PATH may do neither."""
    try:
        done = subprocess.run(
            [interpreter, "-c", "import sys, venv; print(sys.version_info[:2] == (3, 10))"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == "True"


def call(command: Sequence[str | Path], cwd: Path = checkout.ROOT) -> None:
    """Run a command; what it prints is shown.

    Raises:
        SetupError: it failed.
    """
    named = [str(part) for part in command]
    status = subprocess.run(
        named, cwd=cwd, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, check=False
    ).returncode
    if status != 0:
        if shutil.disk_usage(checkout.ROOT).free < FULL:
            raise SetupError(DISK_FULL)
        raise SetupError(f"'{' '.join(named[:6])}' failed with status {status}; what went wrong stands above.")


def output(command: Sequence[str]) -> str:
    """Return what a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
