"""Makes everything that `make run` and `make test` need, each step only when its inputs have changed.

Runs on a plain Python 3.11 before anything is installed: standard library only. A step's stamp (`stamp_of`) is the hash of its
inputs, and under it how they looked (size and time of change): while they look the same nothing is read, and a later start costs little.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


def home_folder() -> Path:
    """Return where everything is written: BATON_HOME from the environment or `.env`, as the service reads it."""
    named = os.environ.get("BATON_HOME", "")
    if not named and (ROOT / ".env").is_file():
        for line in (ROOT / ".env").read_text(encoding="utf-8").splitlines():
            if line.strip().startswith("BATON_HOME="):
                named = line.partition("=")[2].strip().strip("'\"")
    return Path(named).expanduser().absolute() if named else ROOT / "var"


HOME = home_folder()
STAMPS = ROOT / "var" / "stamps"
SERVICE = ROOT / ".venv"
BOT = ROOT / ".venv-rasa"
TORCH = "torch==2.13.0"
LEAST_FREE = 10 * 1024**3
"""Bytes that both environments, their caches and the models need on a fresh machine."""
FULL = 50 * 1024**2
"""Bytes; with less than that free, a command that failed has failed for want of space."""
DISK_FULL = f"The disk is full. Free some space under {ROOT}, then run it again."
QUIET = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "UV_LINK_MODE": "copy",
    "UV_NO_PROGRESS": "1",
    "UV_COMPILE_BYTECODE": "1",
}


class SetupError(Exception):
    """Something that a person has to do first, in one sentence."""


class Step(NamedTuple):
    """One thing that is made: from what, and how. `made` must exist for the stamp to count."""

    name: str
    inputs: Callable[[], Iterable[Path | str]]
    make: Callable[[], None]
    made: Path


def main() -> int:
    """Make what is missing; returns 0, or 1 after one sentence, 130 if interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what the tests need: Chromium")
    arguments = parser.parse_args()
    try:
        run_steps(steps(tests=arguments.tests))
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: Stopped. Run it again to go on: what is finished is kept.", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno == 28:
            print(f"setup: {DISK_FULL}", file=sys.stderr)
            return 1
        raise
    return 0


def run_steps(listed: Sequence[Step]) -> None:
    """Make what is not made of the present inputs; the machine is looked at only if there is anything to make.

    Raises:
        SetupError: a person has to do something first.
    """
    checked = False
    for step in listed:
        if is_current(step):
            continue
        if not checked:
            check_machine()
            checked = True
        run_step(step)


def steps(*, tests: bool) -> list[Step]:
    """List the steps in order."""
    listed = [
        Step(
            "Service environment (.venv)",
            lambda: [ROOT / "requirements.lock", ROOT / "pyproject.toml", TORCH],
            make_service_environment,
            SERVICE / "bin" / "baton",
        ),
        Step(
            "Bot environment (.venv-rasa)",
            lambda: [ROOT / "bot" / "requirements.lock"],
            make_bot_environment,
            BOT / "bin" / "rasa",
        ),
        Step("Web packages", lambda: [ROOT / "web" / "package-lock.json"], install_web, ROOT / "web" / "node_modules"),
        Step("Web pages", web_inputs, build_web, ROOT / "web" / "dist" / "widget.js"),
        Step(
            "Sentence encoder",
            lambda: [ROOT / "core" / "export.py", ROOT / "requirements.lock"],
            export_encoder,
            HOME / "models" / "encoder" / "encoder.json",
        ),
        Step("Assistant", assistant_inputs, train_assistant, HOME / "models" / "rasa" / "assistant.tar.gz"),
    ]
    if tests:
        listed.append(Step("Chromium for the tests", lambda: ["chromium"], install_chromium, Path("/")))
    return listed


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
    if not (BOT / "bin" / "rasa").exists():
        find_python310()
        free = shutil.disk_usage(ROOT).free
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


def stamp_of(step: Step) -> Path:
    """Return the file that says what a step was made from. It goes where the thing is: a home that is moved takes its stamps along."""
    folder = HOME / "stamps" if step.made.is_relative_to(HOME) else STAMPS
    return folder / (step.name.lower().replace(" ", "-").replace("(", "").replace(")", "").replace("/", "") + ".txt")


def look_of(inputs: Iterable[Path | str]) -> str:
    """Return how inputs look without reading them: a hash of names, sizes and times of change."""
    digest = hashlib.sha256()
    for part in inputs:
        seen = part.stat() if isinstance(part, Path) else None
        digest.update(f"{part} {seen.st_size} {seen.st_mtime_ns}\n".encode() if seen else f"{part}\n".encode())
    return digest.hexdigest()


def hash_of(inputs: Iterable[Path | str]) -> str:
    """Return the hash of inputs, contents and names."""
    digest = hashlib.sha256()
    for part in inputs:
        digest.update(str(part).encode() if isinstance(part, str) else part.read_bytes())
        if isinstance(part, Path):
            digest.update(str(part.relative_to(ROOT)).encode())
    return digest.hexdigest()


def is_current(step: Step) -> bool:
    """Tell whether a step's thing is there and made of the present inputs."""
    stamp = stamp_of(step)
    if not (step.made.exists() and stamp.is_file()):
        return False
    inputs = list(step.inputs())
    kept = stamp.read_text().split()
    look = look_of(inputs)
    if kept[1:] == [look]:
        return True
    if kept[:1] != [hash_of(inputs)]:
        return False
    stamp.write_text(f"{kept[0]}\n{look}\n")  # the same contents, written again: by git, perhaps
    return True


def run_step(step: Step) -> None:
    """Make one thing, tell how long it takes, and stamp it with the inputs as they were before."""
    inputs = list(step.inputs())
    made_from = f"{hash_of(inputs)}\n{look_of(inputs)}\n"
    began = time.monotonic()
    done = threading.Event()
    teller = threading.Thread(target=tell, args=(step.name, done), daemon=True)
    print(f"==> {step.name}", flush=True)
    teller.start()
    try:
        step.make()
    finally:
        done.set()
        teller.join()
    stamp = stamp_of(step)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_from)
    print(f"    done in {time.monotonic() - began:.0f} s", flush=True)


def tell(name: str, done: threading.Event) -> None:
    """Say every ten seconds that a long step still runs."""
    seconds = 0
    while not done.wait(10):
        seconds += 10
        print(f"    {name}: {seconds} s …", flush=True)


def make_service_environment() -> None:
    """Install the locked packages of the service, torch first: pip finds a CPU build where its configuration offers one."""
    environment(Path(sys.executable), SERVICE)
    python = SERVICE / "bin" / "python"
    call([python, "-m", "pip", "install", "-q", TORCH])
    call(
        [
            SERVICE / "bin" / "uv",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--python",
            python,
            "-r",
            ROOT / "requirements.lock",
        ]
    )
    call([SERVICE / "bin" / "uv", "pip", "install", "-q", "--python", python, "--no-deps", "-e", ROOT])


def make_bot_environment() -> None:
    """Install the locked packages of the bot into a Python 3.10."""
    environment(find_python310(), BOT)
    python = BOT / "bin" / "python"
    call(
        [
            BOT / "bin" / "uv",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--python",
            python,
            "-r",
            ROOT / "bot" / "requirements.lock",
        ]
    )


def environment(interpreter: Path, folder: Path) -> None:
    """Make an empty environment with uv in it; one that is there and runs is kept."""
    if not (folder / "bin" / "uv").exists():
        call([interpreter, "-m", "venv", "--clear", folder])
        call([folder / "bin" / "python", "-m", "pip", "install", "-q", "uv"])


def install_web() -> None:
    """Install the locked packages of the browser side."""
    call(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=ROOT / "web")


def build_web() -> None:
    """Build the widget, the desk and the demo page."""
    call(["npm", "run", "build", "--silent"], cwd=ROOT / "web")


def export_encoder() -> None:
    """Export the packaged sentence encoder as int8 ONNX."""
    call([SERVICE / "bin" / "python", "-m", "core.export", HOME / "models" / "encoder"])


def train_assistant() -> None:
    """Train Rasa on the files of the checkout."""
    call([SERVICE / "bin" / "baton", "train"])


def install_chromium() -> None:
    """Install Debian's Chromium where there is none and we may.

    Raises:
        SetupError: somebody else has to.
    """
    if shutil.which("chromium") or os.environ.get("BATON_CHROMIUM"):
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise SetupError(
            "The tests need Chromium: install your system's package 'chromium', or set BATON_CHROMIUM to one."
        )
    call(["apt-get", "update", "-qq"])
    call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"])


def web_inputs() -> list[Path]:
    """Return the files that the web pages are built from."""
    found: list[Path] = []
    for folder, folders, files in os.walk(ROOT / "web"):
        # Pruned, not filtered: the packages alone are tens of thousands of files.
        folders[:] = [name for name in folders if name not in {"node_modules", "dist", "tests", "dev"}]
        found += [Path(folder, name) for name in files]
    return sorted(found)


def assistant_inputs() -> list[Path]:
    """Return the files that the assistant is trained from."""
    files = [
        ROOT / name
        for name in ("domain.yml", "config.yml", "core/export.py", "core/tuning.py", "bot/requirements.lock")
    ]
    files += [path for path in (ROOT / "data").rglob("*.yml") if "tests" not in path.relative_to(ROOT).parts]
    files += [*(ROOT / "bot").glob("*.py"), *(ROOT / "tickets").glob("*"), *(ROOT / "data" / "tickets").glob("*.csv")]
    files = [path for path in files if path.is_file()]
    return sorted(files)


def call(command: Sequence[str | Path], cwd: Path = ROOT) -> None:
    """Run a command; what it prints is shown.

    Raises:
        SetupError: it failed.
    """
    named = [str(part) for part in command]
    status = subprocess.run(
        named, cwd=cwd, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, check=False
    ).returncode
    if status != 0:
        if shutil.disk_usage(ROOT).free < FULL:
            raise SetupError(DISK_FULL)
        raise SetupError(f"'{' '.join(named[:6])}' failed with status {status}; what went wrong stands above.")


def output(command: Sequence[str]) -> str:
    """Return what a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
