"""Whether a service runs that has the same settings."""

from __future__ import annotations

import aiohttp

from server.settings import Settings


async def service_answers(settings: Settings) -> bool:
    """Tell whether a Baton answers on the port that the settings name."""
    try:
        timeout = aiohttp.ClientTimeout(total=2)
        url = f"http://{settings.host}:{settings.port}/readyz"
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url) as response:
            return "parts" in await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError, TypeError):
        return False
