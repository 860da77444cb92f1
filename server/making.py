"""What is made of articles' texts for pages: two at a time, and what was made of a published text is kept.

A text of the longest takes seconds, in a thread of the pool that searches use. Anybody may ask for a page, so pages must not take all.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from knowledge.articles import Article

AT_ONCE = 2
"""Texts that are worked on beside each other."""
KEPT = 200
"""Articles whose pages are kept."""
LONGEST_KEPT = 100_000
"""Characters of a text that is kept: with its page, a quarter of a megabyte or so."""
T = TypeVar("T")


class Making:
    """Makes pages' parts of texts."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._kept: OrderedDict[tuple[Callable[[Article], Any], str, str], Any] = OrderedDict()

    async def of_text(self, make: Callable[[str], T], text: str) -> T:
        """Return what `make` makes of a text."""
        async with self._slots:
            return await asyncio.to_thread(make, text)

    async def of_article(self, make: Callable[[Article], T], article: Article) -> T:
        """Return what `make` makes of what an editor wrote of an article: it may read nothing else of it, votes for one."""
        key = make, article.id, article.content_hash
        if key not in self._kept:
            async with self._slots:
                if key not in self._kept:  # it may have been made while this one waited
                    made = await asyncio.to_thread(make, article)
                    if len(article.content) > LONGEST_KEPT:
                        return made
                    self._kept[key] = made
                    if len(self._kept) > KEPT:
                        self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        kept: T = self._kept[key]
        return kept


MAKING = web.AppKey("making", Making)
