"""Makes everything that `make run` and `make test` need, each step only when its inputs have changed.

Runs on a plain Python 3.11 before anything is installed: standard library only.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import sys
from pathlib import Path

from checkout import BOT, HOME, ROOT, SERVICE
from machine import DISK_FULL, SetupError, call, check_machine, find_python310
from stamps import Step, run_steps

TORCH = "torch==2.13.0"


def main() -> int:
    """Make what is missing; returns 0, or 1 after one sentence, 130 if interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what the tests need: Chromium")
    arguments = parser.parse_args()
    try:
        run_steps(steps(tests=arguments.tests), check_machine)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: Stopped. Run it again to go on: what is finished is kept.", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno == errno.ENOSPC:
            print(f"setup: {DISK_FULL}", file=sys.stderr)
            return 1
        raise
    return 0


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


def make_service_environment() -> None:
    """Install the locked packages of the service, torch first: pip finds a CPU build where its configuration offers one."""
    environment(Path(sys.executable), SERVICE)
    call([SERVICE / "bin" / "python", "-m", "pip", "install", "-q", TORCH])
    install(SERVICE, "-r", ROOT / "requirements.lock")
    install(SERVICE, "-e", ROOT)


def make_bot_environment() -> None:
    """Install the locked packages of the bot into a Python 3.10."""
    environment(find_python310(), BOT)
    install(BOT, "-r", ROOT / "bot" / "requirements.lock")


def environment(interpreter: Path, folder: Path) -> None:
    """Make an empty environment with uv in it; one that is there and runs is kept."""
    if not (folder / "bin" / "uv").exists():
        call([interpreter, "-m", "venv", "--clear", folder])
        call([folder / "bin" / "python", "-m", "pip", "install", "-q", "uv"])


def install(folder: Path, *what: str | Path) -> None:
    """Install what is locked, and nothing that it asks for beside that, into an environment with uv in it."""
    command = [folder / "bin" / "uv", "pip", "install", "-q", "--no-deps", "--python", folder / "bin" / "python"]
    call([*command, *what])


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
        for name in (
            "domain.yml",
            "config.yml",
            "core/export.py",
            "core/tuning.py",
            "core/tuning_rounds.py",
            "bot/requirements.lock",
        )
    ]
    files += [path for path in (ROOT / "data").rglob("*.yml") if "tests" not in path.relative_to(ROOT).parts]
    files += [*(ROOT / "bot").glob("*.py"), *(ROOT / "tickets").glob("*"), *(ROOT / "data" / "tickets").glob("*.csv")]
    files = [path for path in files if path.is_file()]
    return sorted(files)


if __name__ == "__main__":
    sys.exit(main())
