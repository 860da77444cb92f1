"""`baton doctor`: looks at everything that a start needs, and says what to do about what is missing."""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from core.clock import SystemClock
from core.embedding import OnnxEncoder
from core.errors import BatonError, ConfigurationError
from knowledge.seed import check_folder
from server.children import newest_model
from server.commands import within_reach
from server.commands.output import print_json, print_table
from server.pages import DIST
from server.replica import check_locks
from server.settings import Settings, load_settings

LEAST_FREE = 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is well, and what was seen or is to be done."""

    part: str
    well: bool
    words: str


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser("doctor", help="check everything that a start needs")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look at every part; status 0 if all are well, 2 if not."""
    findings = examine(load_settings())
    well = all(finding.well for finding in findings)
    if arguments.json:
        print_json({"well": well, "findings": [vars(finding) for finding in findings]})
    else:
        rows = [("ok" if one.well else "FAIL", one.part, one.words) for one in findings]
        print_table(rows, headings=("", "part", "found"))
        print("\nAll well." if well else "\nMend what FAILs, then run baton doctor again.")
    return 0 if well else 2


def examine(settings: Settings) -> list[Finding]:
    """Look at every part, none stopping the next."""
    return [look_at(part, settings) for part in LOOKS]


def look_at(part: str, settings: Settings) -> Finding:
    """Look at one part."""
    try:
        return Finding(part, True, LOOKS[part](settings))
    except BatonError as error:
        return Finding(part, False, error.message)
    except OSError as error:
        return Finding(part, False, f"It cannot be looked at: {error}. See to who may read and write there.")


def _bot_environment(settings: Settings) -> str:
    if settings.rasa_urls:
        return "not needed here: RASA_URLS names the servers"
    if not settings.bot_python.exists():
        raise ConfigurationError(f"There is no interpreter at {settings.bot_python}. Run make setup.")
    version = _rasa_version(settings)
    if version is None:
        raise ConfigurationError("Rasa is not installed in the bot's environment. Run make setup.")
    return f"Rasa {version}"


def _rasa_version(settings: Settings) -> str | None:
    """Return the version of Rasa in the bot's environment, None where there is none."""
    if not settings.bot_python.exists():
        return None
    command = [str(settings.bot_python), "-c", "import importlib.metadata as m; print(m.version('rasa'))"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else None


def _disk(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    check_locks(settings.home)  # the folder may be there and not be writable
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_FREE:
        raise ConfigurationError(f"Only {free / 1024**2:.0f} MiB are free under {settings.home}. Free some space.")
    return f"{free / 1024**3:.1f} GiB free under {settings.home}"


def _assistant(settings: Settings) -> str:
    """Look at the Rasa servers, or at the model archive that the one of this machine is to run: whole, and of its version."""
    if settings.rasa_urls:
        return asyncio.run(within_reach.rasa_servers(settings))
    archive = newest_model(settings)
    try:
        with tarfile.open(archive) as files:
            files.getmembers()  # to the end, and so the checksum
            described = files.extractfile("metadata.json")
            trained_by = json.load(described)["rasa_open_source_version"] if described else None
    except (tarfile.TarError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{archive} is broken, or no assistant at all. Run baton train.") from error
    installed = _rasa_version(settings)
    if installed is not None and installed != trained_by:
        raise ConfigurationError(f"{archive} is of Rasa {trained_by}, and {installed} is to run it. Run baton train.")
    return str(archive)


def _articles(settings: Settings) -> str:
    try:
        files, broken = check_folder(settings.articles_dir, SystemClock())
    except ConfigurationError as error:
        raise ConfigurationError(f"{error.message} Check BATON_ARTICLES_DIR.") from error
    if broken:
        raise ConfigurationError(f"{len(broken)} of {files} are broken. The first: {broken[0]}")
    return f"{files} in {settings.articles_dir}"


def _pages(_settings: Settings) -> str:
    missing = [
        name
        for name in ("widget.js", "desk/index.html", "demo/index.html", "help/help.js")
        if not (DIST / name).is_file()
    ]
    if missing:
        raise ConfigurationError(f"Not built: {', '.join(missing)}. Run make setup.")
    return "widget, desk and demo page are built"


def _reaching(look: Callable[[Settings], Coroutine[Any, Any, str]]) -> Callable[[Settings], str]:
    return lambda settings: asyncio.run(look(settings))


LOOKS: dict[str, Callable[[Settings], str]] = {
    "python": lambda _settings: f"Python {platform.python_version()}",
    "bot environment": _bot_environment,
    "disk": _disk,
    "database": _reaching(within_reach.database),
    "redis": _reaching(within_reach.redis),
    "vectors": _reaching(within_reach.vectors),
    "encoder": lambda settings: OnnxEncoder(settings.encoder).model_id,
    "assistant": _assistant,
    "articles": _articles,
    "web pages": _pages,
    "webhooks": _reaching(within_reach.receivers),
    "service": _reaching(within_reach.service),
}
"""What is looked at, in this order, by the name that people read."""
