"""Clients that begin a request and do not finish it: let go in time, and nobody else."""

from __future__ import annotations

import asyncio
import zlib

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from server.api import read_body, translate_errors
from server.routes.chat import SessionRequest
from server.slow_clients import HEAD_SECONDS, SlowClients


async def served(slow: SlowClients) -> TestServer:
    async def answer(request: web.Request) -> web.Response:
        if request.method == "POST":
            await read_body(request, SessionRequest)
        return web.Response(text="here")

    app = web.Application(middlewares=[translate_errors, slow.middleware()])
    app.router.add_route("*", "/", answer)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_who_sends_half_a_head_or_nothing_is_let_go_and_who_has_asked_is_not() -> None:
    slow = SlowClients()
    server = await served(slow)
    silent, half, asked = [await asyncio.open_connection(server.host, server.port) for _ in range(3)]
    half[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n")
    asked[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await asked[0].readline()).startswith(b"HTTP/1.1 200")
    handler = server.handler
    assert isinstance(handler, web.Server)
    while len(handler.connections) < 3:
        await asyncio.sleep(0)
    assert slow.let_go(handler.connections, 0.0) == 0
    assert slow.let_go(handler.connections, HEAD_SECONDS - 1) == 0
    assert slow.let_go(handler.connections, HEAD_SECONDS) == 2
    assert (await silent[0].read(), await half[0].read()) == (b"", b"")
    while len(handler.connections) > 1:
        await asyncio.sleep(0)
    assert slow.let_go(handler.connections, 9 * HEAD_SECONDS) == 0
    for _, writer in (silent, half, asked):
        writer.close()
    await server.close()


async def test_half_a_body_is_answered_with_what_to_do_and_the_line_is_closed() -> None:
    server = await served(SlowClients(body_seconds=0.01))
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 50\r\n\r\n{")
    answer = await reader.readuntil(b"}}")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code": "too_slow"' in answer
    writer.close()
    await server.close()


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"not gzip", 400),
        ("deflate", b"\xff\xff", 400),
        ("deflate", zlib.compress(b"{}"), 200),
        ("deflate", zlib.compress(b"{" + b" " * 20_000_000), 413),
    ],
)
async def test_a_body_that_is_compressed_wrongly_or_too_well_is_refused(
    encoding: str, body: bytes, status: int
) -> None:
    server = await served(SlowClients())
    async with aiohttp.ClientSession() as session:
        answer = await session.post(server.make_url("/"), data=body, headers={"Content-Encoding": encoding})
    assert answer.status == status
    await server.close()
