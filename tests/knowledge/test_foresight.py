"""A search that is likely to be asked for begins early, and is asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.database import Database
from knowledge.articles import Viewer
from knowledge.foresight import Foresight
from knowledge.retriever import Retriever
from tests.knowledge.conftest import Searching, WordsEncoder, keep, make_article


class Searches:
    """Counts what was begun and what came to its end."""

    def __init__(self) -> None:
        self.begun = self.ended = 0
        self.started = asyncio.Event()
        self.may_end = asyncio.Event()

    async def one(self) -> int:
        self.begun += 1
        self.started.set()
        await self.may_end.wait()
        self.ended += 1
        return self.begun


async def test_what_has_begun_is_what_is_asked_for() -> None:
    searches, foresight = Searches(), Foresight[int]()
    with foresight.begun("a", searches.one), foresight.begun("a", searches.one):
        await searches.started.wait()
        searches.may_end.set()
        assert await foresight.ask("a", searches.one) == 1
        assert await foresight.ask("a", searches.one) == 2
        assert await foresight.ask("b", searches.one) == 3
    assert await foresight.ask("a", searches.one) == 4


async def test_what_nobody_asks_for_is_given_up() -> None:
    searches, foresight = Searches(), Foresight[int]()
    with foresight.begun("a", searches.one):
        await searches.started.wait()
    searches.may_end.set()
    assert await foresight.ask("a", searches.one) == 2
    assert searches.ended == 1


async def test_a_failure_reaches_whoever_asks_and_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> int:
        raise RuntimeError("no")

    foresight = Foresight[int]()
    with foresight.begun("a", fail):
        with pytest.raises(RuntimeError):
            await foresight.ask("a", fail)
        with foresight.begun("b", fail):
            await asyncio.wait(set(foresight._begun.values()))
    assert not caplog.records


@pytest.fixture
async def opened(database: Database, words_encoder: WordsEncoder, searching: Searching) -> AsyncIterator[Retriever]:
    await keep(database, make_article("cards", "visa"), make_article("plans", "visa too", visibility="authenticated"))
    async with searching(database, words_encoder) as retriever:
        yield retriever


async def test_a_search_that_was_foreseen_is_made_once_and_for_its_viewer_alone(
    opened: Retriever, words_encoder: WordsEncoder
) -> None:
    before = await opened.search(" visa ", viewer=Viewer.CUSTOMER, limit=3, log=False)
    words_encoder.encoded.clear()
    with opened.foreseeing(" visa ", Viewer.CUSTOMER, 3):
        other = await opened.search("visa", viewer=Viewer.ANONYMOUS, limit=3, log=False)
        again = await opened.search("visa", viewer=Viewer.CUSTOMER, limit=3, log=False)
    assert [one.slug for one in other.results] == ["cards"]
    assert again.results == before.results
    assert len(words_encoder.encoded) == 2
    with opened.foreseeing("", Viewer.CUSTOMER, 3), opened.foreseeing("x" * 200_000, Viewer.CUSTOMER, 3):
        pass
