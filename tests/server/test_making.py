"""What pages show of an article's text is made once, and by two threads at most."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

from knowledge.articles import Article
from server.making import AT_ONCE, KEPT, LONGEST_KEPT, Making
from tests.knowledge.conftest import make_article


async def test_a_text_is_made_once_for_many_readers_and_again_when_it_changes() -> None:
    made: list[str] = []

    def make(article: Article) -> str:
        made.append(article.content)
        return article.content.upper()

    making = Making()
    one = make_article("cards", "one")
    assert await making.of_article(make, one) == "ONE"
    assert await making.of_article(make, replace(one, views=7, helpful=3)) == "ONE"
    assert await making.of_article(make, replace(one, content="two")) == "TWO"
    assert made == ["one", "two"]


async def test_what_is_kept_is_bounded_in_number_and_length() -> None:
    made: list[str] = []

    def make(article: Article) -> str:
        made.append(article.id)
        return article.id

    making = Making()
    for place in range(KEPT + 1):
        await making.of_article(make, make_article(f"a-{place}", "text"))
    await making.of_article(make, make_article("a-1", "text"))
    assert made.count("a-1") == 1
    await making.of_article(make, make_article("a-0", "text"))
    assert made.count("a-0") == 2
    huge = make_article("huge", "x" * (LONGEST_KEPT + 1))
    assert [await making.of_article(make, huge) for _ in range(2)] == ["huge", "huge"]
    assert made.count("huge") == 2


async def test_long_texts_leave_threads_to_others() -> None:
    begun: list[str] = []
    enough, go_on = threading.Event(), threading.Event()

    def make(text: str) -> str:
        begun.append(text)
        if len(begun) == AT_ONCE:
            enough.set()
        assert go_on.wait(60)
        return text

    making = Making()
    texts = [str(number) for number in range(AT_ONCE + 3)]
    tasks = [asyncio.create_task(making.of_text(make, text)) for text in texts]
    assert await asyncio.to_thread(enough.wait, 60)
    assert len(begun) == AT_ONCE
    go_on.set()
    assert await asyncio.gather(*tasks) == texts
