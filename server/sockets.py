"""Runs the two halves of a socket, one that sends and one that receives: neither outlives the other, and no failure is silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import structlog
from aiohttp import WSCloseCode, web

from core.errors import BatonError
from server.api import envelope

log = structlog.get_logger()
SIGNED_OUT = 4401
"""Close code of a socket whose session has ended: signing in again helps, connecting again does not."""


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
