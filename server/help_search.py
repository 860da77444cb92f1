"""Searching the help centre: what a page lists, what is offered while somebody types, and what of it is kept."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from core.errors import Invalid
from knowledge.articles import Viewer
from knowledge.catalogue import UNNAMED, Summary, summaries_of, titles_with
from knowledge.searches import record_opened
from knowledge.terms import STOP_WORDS, question_terms
from server.callers import remote
from server.help_content import LONGEST_QUESTION, SNIPPET, Hit, Piece, hit, led_to_by, pieces_of, question_of, shortened
from server.limits import limit
from server.service import Service

if TYPE_CHECKING:
    from knowledge.results import Result, SearchOutcome
    from knowledge.spelling import Correction

SURE, UNSURE = 10, 4
"""Results listed when the search believes that the first answers, and when it does not."""
OFFERED = 6
"""Articles offered while somebody types."""
FROM_TITLES = 3
"""Of these, found because a title has words that begin so: a word that is half typed means nothing yet."""
NEAR_THE_BEST = 0.5
"""Share of the best article's score under which another is not listed beside one that answers."""
BEGUN = 2
"""Letters from which on a word that begins so is marked."""
_SEARCH_ID = re.compile(r"se_[0-9a-f]{24}")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Offer:
    """An article as it is offered while somebody types: its title and what it says of itself, cut where they match."""

    hit: Hit
    title: tuple[Piece, ...]
    snippet: tuple[Piece, ...]


@dataclass(frozen=True)
class Offers:
    """What is offered for what has been typed so far."""

    question: str
    answered: bool
    offers: list[Offer]


@dataclass(frozen=True)
class Found:
    """A search as a page shows it."""

    question: str
    answered: bool
    hits: list[Hit]
    corrections: tuple[Correction, ...] = ()
    """Words that were searched for instead of those that were typed."""


async def search_page(request: web.Request, service: Service, text: str) -> Found:
    """Search for a question that was sent, and keep it in the log of searches.

    A question that the desk's page of searches tries out (`&tried`) is not kept: it would be counted among what customers ask.

    Raises:
        Invalid: there is nothing in it to search for, or it is too long.
        RateLimited: this address has searched too often.
        Unavailable: the knowledge base is still loading.
    """
    question = _checked(text)
    await count_search(request, service)
    kept = "tried" not in request.query
    outcome = await service.knowledge().search(question, viewer=Viewer.ANONYMOUS, limit=SURE, surface="help", log=kept)
    search_id = outcome.entry.id if kept and outcome.entry is not None else None
    hits = [hit(one, search_id=search_id) for one in _worth_listing(outcome)]
    titled = [] if outcome.answered else await _titled(service, question, search_id)
    taken = {one.article_id for one in titled}
    others = [one for one in hits if one.article_id not in taken]
    return Found(question, outcome.answered, titled + others, outcome.corrections if hits else ())


async def offer(request: web.Request, service: Service, text: str) -> Offers:
    """Find what to offer somebody who is still typing. Nothing is kept: half a word is no question.

    Raises:
        Invalid, RateLimited, Unavailable: as `search_page`.
    """
    question = _checked(text)
    await count_search(request, service)
    titled = await _titled(service, question)
    outcome = await service.knowledge().search(question, viewer=Viewer.ANONYMOUS, limit=OFFERED, log=False)
    taken = {one.article_id for one in titled}
    near = [result.article_id for result in _near(outcome) if result.article_id not in taken]
    async with service.database.read() as reader:
        found = await summaries_of(reader, near, Viewer.ANONYMOUS)
    hits = [*titled, *(_hit(found[one]) for one in near if one in found)][:OFFERED]
    # The terms of a search are the same for all that it found, corrected words among them.
    asked = {*question_terms(question), *(outcome.results[0].asked if outcome.results else ())}
    begun = {word.casefold() for word in _typed(question) if len(word) >= BEGUN}
    offers = [Offer(one, pieces_of(one.title, asked, begun), pieces_of(one.snippet, asked, begun)) for one in hits]
    return Offers(question, outcome.answered, offers)


async def note_typed(request: web.Request, service: Service, text: str, opened: str | None) -> None:
    """Keep a question that was typed and not sent, with the article that was opened from what was offered.

    Raises:
        Invalid, RateLimited, Unavailable: as `search_page`.
    """
    question = _checked(text)
    await count_search(request, service)
    outcome = await service.knowledge().search(question, viewer=Viewer.ANONYMOUS, limit=SURE, surface="help")
    chosen = next((result.article_id for result in outcome.results if result.slug == opened), None)
    if outcome.entry is not None and chosen is not None:
        await note_opened(service, outcome.entry.id, chosen)


async def note_opened(service: Service, search_id: str, article_id: str) -> None:
    """Keep that a search led to an article; anything that is no search's id is ignored. Idempotent by the search's id."""
    if _SEARCH_ID.fullmatch(search_id):
        await record_opened(service.database, search_id, article_id, at=service.clock.now())


async def count_search(request: web.Request, service: Service) -> None:
    """Count one search of this address.

    Raises:
        RateLimited: there were too many.
    """
    most = service.settings.searches_per_minute
    await limit(service.counters, service.clock, "searches", remote(request, service), most=most)


def _checked(text: str) -> str:
    question = question_of(text)
    if not question:
        raise Invalid("Type a question or a few words to search for.", field="q")
    if len(question) > LONGEST_QUESTION:
        raise Invalid(f"Please search for at most {LONGEST_QUESTION:,} characters.", field="q")
    return question


def _worth_listing(outcome: SearchOutcome) -> list[Result]:
    """Leave out what only fills the list: what is far behind the best, and all where none is close, for some article is always nearest."""
    if outcome.answered:
        best = outcome.results[0].score
        return [result for result in outcome.results if result.score >= best * NEAR_THE_BEST]
    return outcome.results[:UNSURE] if outcome.close else []


def _near(outcome: SearchOutcome) -> list[Result]:
    if outcome.answered:
        return _worth_listing(outcome)
    return outcome.results[:FROM_TITLES] if outcome.close else []


async def _titled(service: Service, question: str, search_id: str | None = None) -> list[Hit]:
    words = _typed(question)
    if not words:
        return []
    async with service.database.read() as reader:
        found = await titles_with(reader, words, Viewer.ANONYMOUS, limit=FROM_TITLES)
    asked = question_terms(question)
    return [_hit(summary, asked, search_id) for summary in found]


def _typed(question: str) -> list[str]:
    """Return the telling words of what is being typed, the last perhaps half."""
    every = _WORD.findall(question)[:8]
    return [word for word in every if word.casefold() not in STOP_WORDS] or every


def _hit(summary: Summary, asked: Collection[str] = (), search_id: str | None = None) -> Hit:
    snippet = shortened(summary.excerpt, SNIPPET)
    return Hit(
        article_id=summary.id,
        slug=summary.slug,
        title=summary.title,
        url=led_to_by(search_id, summary.url),
        category=summary.category or UNNAMED,
        heading="",
        snippet=snippet,
        pieces=pieces_of(snippet, asked),
    )
