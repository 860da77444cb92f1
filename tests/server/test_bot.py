"""Several Rasa servers: a conversation stays with its own, and one that is away costs nobody an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.errors import Unavailable
from server.bot import LATE_LOOKS, Bot
from tests.server.conftest import TOKEN, ScriptedRasa, say

CONVERSATIONS = [f"cv_{number}" for number in range(60)]


class Servers:
    """Three scripted Rasa servers, and a bot that knows all of them."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.scripts = [ScriptedRasa() for _ in range(3)]
        for number, script in enumerate(self.scripts):
            script.answer = lambda _turn, number=number: say(str(number))
        self.servers = [self._server(script) for script in self.scripts]
        self._http = http

    def _server(self, script: ScriptedRasa) -> TestServer:
        app = web.Application()
        app.router.add_post("/webhooks/baton/turn", script.turn)
        app.router.add_get("/webhooks/baton/ready", script.is_ready)
        return TestServer(app)

    def bot(self) -> Bot:
        urls = [str(server.make_url("")).rstrip("/") for server in self.servers]
        return Bot(urls, TOKEN, self._http, timeout=5.0)


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    async with aiohttp.ClientSession() as http:
        three = Servers(http)
        for server in three.servers:
            await server.start_server()
        yield three
        for server in three.servers:
            await server.close()


async def who_answers(bot: Bot) -> dict[str, str | None]:
    answers = {}
    for conversation in CONVERSATIONS:
        answers[conversation] = (
            (await bot.ask(f"{conversation}.1", conversation, text="hi", payload=None)).replies[0].text
        )
    return answers


async def test_conversations_are_shared_out_and_each_stays_with_its_server(servers: Servers) -> None:
    bot = servers.bot()
    assert await bot.check() == "ready"
    first = await who_answers(bot)
    assert min(Counter(first.values()).values()) >= 10
    assert await who_answers(bot) == first


async def test_a_server_that_is_not_ready_loses_its_own_conversations_only_and_gets_them_back(servers: Servers) -> None:
    bot = servers.bot()
    await bot.check()
    before = await who_answers(bot)
    servers.scripts[0].ready = False
    assert await bot.check() == "ready"
    during = await who_answers(bot)
    assert "0" not in during.values()
    assert {name: who for name, who in before.items() if who != "0"}.items() <= during.items()
    servers.scripts[0].ready = True
    await bot.check()
    assert await who_answers(bot) == before


async def test_a_server_that_cannot_be_reached_costs_no_answer_even_before_it_is_missed(servers: Servers) -> None:
    bot = servers.bot()
    await bot.check()
    await servers.servers[0].close()
    assert set((await who_answers(bot)).values()) == {"1", "2"}


async def test_a_server_that_heard_the_message_is_not_asked_to_be_repeated_elsewhere(servers: Servers) -> None:
    bot = servers.bot()
    await bot.check()
    for script in servers.scripts:
        script.answer = lambda _turn: web.Response(status=502)
    with pytest.raises(Unavailable):
        await bot.ask("cv_1.1", "cv_1", text="hi", payload=None)
    assert sum(len(script.heard) for script in servers.scripts) == 1


async def test_the_bot_is_down_once_no_server_is_ready(servers: Servers) -> None:
    bot = servers.bot()
    await bot.check()
    for script in servers.scripts:
        script.ready = False
    assert await bot.check() == "down"


async def test_a_server_that_is_late_for_a_look_is_busy_and_only_one_that_stays_late_is_away(servers: Servers) -> None:
    bot = servers.bot()
    await bot.check()
    bot.look = 1e-9
    assert [await bot.check() for _ in range(LATE_LOOKS)] == ["ready"] * (LATE_LOOKS - 1) + ["down"]
    bot.look = 2.0
    assert await bot.check() == "ready"
