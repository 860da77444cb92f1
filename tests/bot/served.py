"""One real server around the channel for the whole run, and a client that speaks to it as the service does.

One, because Sanic 21 rewrites its own protocol class at each start and does not survive a second start in one process.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import requests
from aiohttp import web
from rasa.core.channels import channel as channels
from sanic import Sanic

from bot.channel import BatonChannel

PROJECT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-tests"


class Answer:
    """Status and JSON body."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.body = response.json()


class Served:
    """The channel on a free port of this machine, in a thread with a loop of its own."""

    def __init__(self, agent: Any) -> None:
        self.channel = BatonChannel(TOKEN, turn_seconds=60.0)
        self.app = Sanic("baton-tests", configure_logging=False)
        self.app.ctx.agent = agent
        channels.register([self.channel], self.app, route="/webhooks/")
        self._url = f"http://127.0.0.1:{free_port()}/webhooks/baton"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._wait_for(self._listen())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def turn(self, body: Any = None, *, token: str = TOKEN, raw: str = "") -> Answer:
        """Posts a turn; `raw` is sent as it is instead of JSON."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {"data": raw} if raw else {"json": body}
        return Answer(requests.post(f"{self._url}/turn", headers=headers, timeout=120, **sent))

    def ready(self) -> Answer:
        """Asks whether a model is loaded."""
        return Answer(requests.get(f"{self._url}/ready", timeout=120))

    def serve_actions(self, handler: Callable[[web.Request], Awaitable[web.Response]]) -> str:
        """Starts an action server and returns its URL."""
        url = f"http://127.0.0.1:{free_port()}/"
        self._wait_for(self._serve_actions(handler, int(url.rstrip("/").rpartition(":")[2])))
        return url

    async def _listen(self) -> None:
        port = int(self._url.split(":")[2].partition("/")[0])
        server = await self.app.create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
        await server.startup()
        await server.start_serving()

    async def _serve_actions(self, handler: Callable[[web.Request], Awaitable[web.Response]], port: int) -> None:
        app = web.Application()
        app.router.add_post("/", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()

    def _wait_for(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=60)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
