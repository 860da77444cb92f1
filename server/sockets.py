"""Runs the two halves of a socket, one that sends and one that receives: neither outlives the other, and no failure is silent.

What one client sends is limited as well, because frames that are here already are read without a pause for anybody else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog
from aiohttp import WSCloseCode, web

from core.clock import Clock
from core.errors import BatonError, RateLimited
from server.api import envelope
from server.hub import Hub

log = structlog.get_logger()
SIGNED_OUT = 4401
"""Close code of a socket whose session has ended: signing in again helps, connecting again does not."""
MOST_FRAMES = 400
"""Frames that a client may send in a window; a widget sends a few, and what has waited for a connection at once."""
WINDOW = timedelta(seconds=10)
FRAME_CHARACTERS = 4_096
"""A longer frame counts as several: reading it takes as long."""

MOST_LINES = 32
"""Sockets and held polls of one customer: a tab or a device each, and those that a bad network left behind and nobody has missed yet."""
LINES_AGAIN = 30
"""Seconds after which a line that its client has left is noticed."""


class Allowance:
    """What one socket may still send in this window."""

    def __init__(self, clock: Clock, most: int = MOST_FRAMES) -> None:
        self._clock = clock
        self._most = most
        self._left = most
        self._ends = clock.now() + WINDOW

    def spend(self, characters: int) -> None:
        """Count a frame of this length.

        Raises:
            RateLimited: the window's are used up.
        """
        now = self._clock.now()
        if now >= self._ends:
            self._left, self._ends = self._most, now + WINDOW
        self._left -= 1 + characters // FRAME_CHARACTERS
        if self._left < 0:
            wait = max(1, round((self._ends - now).total_seconds()))
            raise RateLimited(f"That was a lot at once. Connect again in {wait} seconds.", retry_after=wait)


def check_lines(hub: Hub, topic: str) -> None:
    """See that not too many listen already: each event is written to every one of them.

    Raises:
        RateLimited: they do.
    """
    if hub.listening(topic) >= MOST_LINES:
        words = (
            f"This chat is open {MOST_LINES} times. Close it in other tabs, or connect again in {LINES_AGAIN} seconds."
        )
        raise RateLimited(words, retry_after=LINES_AGAIN)


async def serve(
    socket: web.WebSocketResponse, *, sending: Coroutine[Any, Any, None], receiving: Coroutine[Any, Any, None]
) -> None:
    """Run both until one ends, end the other, and close the socket.

    A `BatonError` is told to the client. Any other is logged, and the socket closed with 1011: the client connects again and
    reads on where it was.
    """
    halves = [asyncio.create_task(sending), asyncio.create_task(receiving)]
    try:
        await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for half in halves:
            half.cancel()
        ends = await asyncio.gather(*halves, return_exceptions=True)
    with contextlib.suppress(ConnectionResetError):
        for error in ends:
            if isinstance(error, BatonError):
                await refuse(socket, error)
            elif isinstance(error, Exception) and not isinstance(error, ConnectionResetError | TimeoutError):
                log.error("a socket broke", exc_info=error)
                await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=b"connect again")
        await socket.close()


async def refuse(socket: web.WebSocketResponse, error: BatonError) -> None:
    """Say why, and close the socket."""
    await socket.send_json({"type": "error", "client_id": None, **envelope(error)})
    await socket.close(code=SIGNED_OUT if error.code == "unauthenticated" else WSCloseCode.POLICY_VIOLATION)
