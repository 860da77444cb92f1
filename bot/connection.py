"""Calls one address over kept connections, a request in one write: a general client takes longer than the call itself."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List, NamedTuple, Optional, Text
from urllib.parse import urlsplit

import aiohttp
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

IDLE_SECONDS = 15.0
"""A connection that was not used for so long is not trusted to be open still."""
MOST_BYTES = 8 * 1024 * 1024
"""Of an answer, head and all. An action's is a few kilobytes: its events and what it utters."""


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    reason: Text
    is_json: bool
    body: bytes


class Caller:
    """Posts JSON to an `http://` address. A request is sent once: one whose connection breaks may have been heard."""

    def __init__(self, url: Text, headers: Dict[Text, Text]) -> None:
        """Prepares the head of each request.

        Args:
            url: Where to post to.
            headers: Sent with each request, beside those that JSON needs.
        """
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 80
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        fixed = {"Host": address.netloc.rpartition("@")[2], "Content-Type": "application/json", **headers}
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fixed.items())]
        if any(sign in line for line in lines for sign in "\r\n"):
            raise ValueError("A header or the address holds a line break.")
        self._head = "\r\n".join(lines).encode("latin-1")
        self._idle: List[_Connection] = []

    async def post(self, body: bytes, seconds: float) -> Answer:
        """Returns the answer.

        Raises:
            aiohttp.ClientConnectionError: Nobody listens, the connection broke, or what came is not HTTP or longer than `MOST_BYTES`.
            asyncio.TimeoutError: Connecting and the answer together took longer than `seconds`.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        connection = self._kept() or await self._connect(seconds)
        request = b"%b\r\nContent-Length: %d\r\n\r\n%b" % (self._head, len(body), body)
        answer = await connection.ask(request, until - loop.time())
        if connection.is_open:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Closes the connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def _kept(self) -> Optional[_Connection]:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_seconds() < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def _connect(self, seconds: float) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            opened = loop.create_connection(lambda: _Connection(loop), self._host, self._port)
            _, connection = await asyncio.wait_for(opened, seconds)
        except OSError as error:
            raise aiohttp.ClientConnectionError(f"{self._host}:{self._port} cannot be reached: {error}") from error
        return connection


class _Connection(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: Any = None
        self._waiting: Optional[asyncio.Future[Answer]] = None
        self._used = loop.time()

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def idle_seconds(self) -> float:
        return self._loop.time() - self._used

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def ask(self, request: bytes, seconds: float) -> Answer:
        if not self.is_open:  # Closed as soon as it was opened: what breaks it has been told before anybody waited.
            raise aiohttp.ClientConnectionError("The connection was closed before it could be used.")
        self._parser, self._received = HttpResponseParser(self), 0
        self._forget_answer()
        self._waiting = self._loop.create_future()
        too_late = self._loop.call_later(seconds, self._fail, asyncio.TimeoutError())
        self._transport.write(request)
        try:
            return await self._waiting
        except BaseException:
            self._transport.abort()  # What comes now belongs to nobody.
            raise
        finally:
            too_late.cancel()
            self._waiting = None
            self._used = self._loop.time()

    def _forget_answer(self) -> None:
        self._status, self._is_json, self._body = b"", False, bytearray()

    def _fail(self, error: BaseException) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self._transport.abort()
            return
        self._received += len(data)
        if self._received > MOST_BYTES:
            self._fail(aiohttp.ClientConnectionError(f"The answer is longer than {MOST_BYTES:,} bytes."))
            self._transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(aiohttp.ClientConnectionError(f"The answer is not HTTP: {error}"))

    def connection_lost(self, error: Optional[Exception]) -> None:
        self._fail(aiohttp.ClientConnectionError(f"The connection broke: {error or 'it was closed'}"))

    # What the parser calls.

    def on_status(self, status: bytes) -> None:
        self._status += status

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self._is_json = b"json" in value.lower()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:  # "Continue" and the like: the answer itself is still to come.
            self._forget_answer()
            return
        if self._waiting is not None and not self._waiting.done():
            reason = self._status.decode("latin-1")
            answer = Answer(self._parser.get_status_code(), reason, self._is_json, bytes(self._body))
            self._waiting.set_result(answer)
        if not self._parser.should_keep_alive():
            self._transport.close()
