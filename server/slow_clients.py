"""Lets go of clients that connect and never finish a request, so that a few thousand of them cannot keep everybody else out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Middleware
from aiohttp.web_protocol import RequestHandler

from core.errors import Invalid, TooLarge, TooSlow
from server.api import Handler

HEAD_SECONDS = 20.0
"""Until a new connection must have sent the whole head of its first request."""
BODY_SECONDS = 30.0
"""Until a request's whole body must have come."""
IDLE_SECONDS = 75.0
"""That a connection is kept after an answer, also while half of the next request has come."""
LOOK_SECONDS = 5.0


class SlowClients:
    """Knows which connections have not sent a request yet, and since when."""

    def __init__(self, body_seconds: float = BODY_SECONDS) -> None:
        self._body_seconds = body_seconds
        self._asked: set[object] = set()
        self._since: dict[RequestHandler, float] = {}

    def middleware(self) -> Middleware:
        """Return what reads every body whole before its route runs, within a time."""

        @web.middleware
        async def whole_body(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._asked.add(request.protocol)
            if request.can_read_body:
                try:
                    async with asyncio.timeout(self._body_seconds):
                        await request.read()
                except TimeoutError as error:
                    raise TooSlow("The request did not arrive in time. Send it again.") from error
                except web.HTTPRequestEntityTooLarge as error:
                    raise TooLarge("The request is larger than 1 MiB. Shorten it and send it again.") from error
                except web.RequestPayloadError as error:
                    raise Invalid(
                        "The body is broken, or not in the Content-Encoding that the request names."
                    ) from error
            return await handler(request)

        return whole_body

    def let_go(self, connections: Iterable[RequestHandler], now: float) -> int:
        """Close the connections that have asked nothing for too long; return how many. `now` is in seconds of any one clock."""
        open_now = set(connections)
        self._asked &= open_now
        self._since = {one: self._since.get(one, now) for one in open_now - self._asked}
        late = [one for one, since in self._since.items() if now - since >= HEAD_SECONDS]
        for one in late:
            one.force_close()
        return len(late)

    async def watch(self, server: web.Server) -> None:
        """Look at the server's connections for as long as it runs."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.let_go(server.connections, asyncio.get_running_loop().time())


SLOW_CLIENTS = web.AppKey("slow_clients", SlowClients)
