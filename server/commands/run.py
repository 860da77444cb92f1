"""`baton run`: starts everything, says where it is, and ends every child with itself."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import signal
import socket
import time
from typing import Any

import uvloop
from aiohttp import web

from core.errors import ConfigurationError
from server.failures import why_not
from server.replica import check_home
from server.settings import Settings, load_settings

HEAD_START = 0.25
"""Seconds that the first chats have the processor for themselves, before models load beside them."""


def add_to(parts: Any) -> None:
    """Add the command to the parser."""
    parser = parts.add_parser("run", help="start the service, its private Redis and the assistant")
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    """Run until interrupted."""
    # Before numpy is imported: on matrices as small as a knowledge base's, its threads mostly wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    settings = load_settings()
    check_home(settings.home)  # first: a service on the same home has the ports too, and another port would not help
    check_port(settings.host, settings.port, "BATON_PORT")
    if not settings.rasa_urls:
        check_port("127.0.0.1", settings.bot_port, "BATON_BOT_PORT")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))
    return 0


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then close everything in order."""
    from server.app import build_app
    from server.logs import configure_logs
    from server.service import SERVICE
    from server.slow_clients import IDLE_SECONDS, SLOW_CLIENTS

    configure_logs(settings)
    began = time.perf_counter()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    may_load = asyncio.Event()
    app = build_app(settings, may_load=may_load)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0, keepalive_timeout=IDLE_SECONDS)
    try:
        try:
            await runner.setup()
            site = web.TCPSite(runner, settings.host, settings.port, reuse_address=True)
            await site.start()
        except OSError as error:
            if why_not(error, settings) is not None:
                raise
            reason = str(error).strip().partition("\n")[0].removesuffix(".")
            raise ConfigurationError(f"The service cannot start: {reason}. Check BATON_HOST.") from error
        print(f"Chats are taken on {settings.url} after {time.perf_counter() - began:.1f} s.", flush=True)
        loop.call_later(HEAD_START, may_load.set)
        beside = [asyncio.create_task(_announce(app[SERVICE], settings, began))]
        if runner.server is not None:
            beside.append(asyncio.create_task(app[SLOW_CLIENTS].watch(runner.server)))
        await stop.wait()
        for task in beside:
            task.cancel()
        print("\nStopping …", flush=True)
    finally:
        await runner.cleanup()


async def _announce(service: Any, settings: Settings, began: float) -> None:
    from server.routes.health import states

    named: dict[str, str] = {}
    while True:
        parts = await states(service)
        for part, state in parts.items():
            if named.get(part) != state and (state == "ready" or time.perf_counter() - began > 2):
                print(f"  {part}: {state} ({time.perf_counter() - began:.1f} s)", flush=True)
                named[part] = state
        if all(state == "ready" for state in parts.values()):
            break
        await asyncio.sleep(0.25)
    demo = f"\n  Demo page  {settings.url}/demo" if settings.demo else ""
    print(f"\nBaton is ready.{demo}\n  Desk       {settings.url}/desk", flush=True)
    if settings.demo:
        from server.demo import DEMO_PASSWORD, DEMO_STAFF

        print(f"             sign in as {DEMO_STAFF[0][0]} with {DEMO_PASSWORD}", flush=True)
    elif settings.demo_left_off:
        print("             The demo is off, since others can reach this. BATON_DEMO=true turns it on.", flush=True)
    print(f"  API        {settings.url}/api/openapi.json\nCtrl-C stops it.", flush=True)


def check_port(host: str, port: int, setting: str) -> None:
    """See that nobody listens there.

    Raises:
        ConfigurationError: somebody does, or the address is not this machine's.
    """
    if port == 0:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                message = f"Port {port} on {host} is in use. Stop what uses it, or set {setting} to another port."
            else:
                message = f"Port {port} on {host} cannot be used ({error.strerror}). Set {setting} or BATON_HOST."
            raise ConfigurationError(message) from error
