"""What the full-text search remembers from one search to the next."""

from __future__ import annotations

import pytest

from core.database import Database
from knowledge import full_text as module
from knowledge.articles import Viewer
from knowledge.full_text import FullText, Memory
from knowledge.postings import FEW
from tests.knowledge.conftest import keep, make_article

WAYS = (0, FEW)
"""How many passages are few: words are searched in SQL, or in memory."""


@pytest.mark.parametrize("few", WAYS)
async def test_what_was_counted_is_counted_again_after_a_write(database: Database, few: int) -> None:
    full_text = FullText(few)

    async def count(viewer: Viewer) -> int:
        async with database.read() as reader:
            memory = await full_text.recall(reader)
            return (await full_text.statistics(reader, memory, ["visa"], viewer)).frequencies["visa"]

    await keep(database, make_article("a", "visa"))
    assert (await count(Viewer.STAFF), await count(Viewer.ANONYMOUS)) == (1, 1)
    await keep(database, make_article("b", "visa", visibility="internal"))
    assert (await count(Viewer.STAFF), await count(Viewer.ANONYMOUS)) == (2, 1)


async def test_a_search_does_not_miss_what_another_one_forgot_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_text = FullText(0)
    await keep(database, make_article("a", "visa card"))
    memories: list[Memory] = []
    count, read = module.count_holding, module.read_terms

    async def count_while_room_is_made(*arguments: object) -> object:
        memories[0].frequencies.clear()
        return await count(*arguments)  # type: ignore[arg-type]

    async def read_while_room_is_made(*arguments: object) -> object:
        memories[0].kept.clear()
        return await read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "count_holding", count_while_room_is_made)
    monkeypatch.setattr(module, "read_terms", read_while_room_is_made)
    async with database.read() as reader:
        memory = await full_text.recall(reader)
        memories.append(memory)
        await full_text.statistics(reader, memory, ["visa"], Viewer.STAFF)
        statistics = await full_text.statistics(reader, memory, ["visa", "card"], Viewer.STAFF)
        assert statistics.frequencies == {"visa": 1, "card": 1}
        [found] = await full_text.search(reader, ["visa"], statistics, Viewer.STAFF)
        await full_text.read(reader, memory, [found], Viewer.STAFF)
        kept = await full_text.read(reader, memory, [found, found + 1], Viewer.STAFF)
        assert [one.passage_id for one in kept] == [found]
