"""Reviews of articles for who edits them, and the click that tells the log which result of a search was opened."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from core.errors import NotFound
from knowledge.articles import article_url
from knowledge.reviews import (
    LONGEST_NOTE,
    Review,
    VoteWords,
    close_review,
    count_reviews,
    get_review,
    list_reviews,
    tally_of,
    words_for,
)
from knowledge.searches import LedToVote, questions_before_votes, record_opened
from server.api import Route, checked, read_body
from server.callers import check_origin, remote
from server.limits import limit
from server.service import SERVICE
from server.staff_auth import EDITING, signed_in

CLICKS_PER_MINUTE = 120


class ReviewsQuery(BaseModel):
    """Which reviews. `after` goes on with the closed ones where a page ended: the id of its last review."""

    state: Literal["open", "closed"] = "open"
    limit: int = Field(50, ge=1, le=200)
    after: str | None = Field(None, min_length=1, max_length=40)


class CloseBody(BaseModel):
    """What came of a review. `archived` takes the article out of publication."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["rewritten", "fine", "archived"]
    note: str = Field("", max_length=LONGEST_NOTE)


class ClickBody(BaseModel):
    """The result that was opened."""

    model_config = ConfigDict(extra="forbid")

    article_id: str = Field(min_length=1, max_length=64)


class VotesView(TypedDict):
    """Votes that count, and since when; null is from the beginning."""

    helpful: int
    not_helpful: int
    since: str | None


class ClosedView(TypedDict):
    """How a review was closed."""

    at: str
    by: str
    outcome: str
    note: str
    article_version: int | None


class ReviewView(TypedDict):
    """One review. `votes` are those that opened it; `url` is the article's public page, null while it has none."""

    id: str
    article_id: str
    slug: str
    title: str
    url: str | None
    article_status: str
    article_version: int
    opened_at: str
    reasons: list[str]
    votes: VotesView
    closed: ClosedView | None


class ReviewCountsView(TypedDict):
    """How many reviews there are."""

    open: int
    closed: int


class ReviewsView(TypedDict):
    """A list of reviews."""

    reviews: list[ReviewView]
    counts: ReviewCountsView


class VoteWordsView(TypedDict):
    """What somebody wrote beside their vote: plain text, never markup."""

    helpful: bool
    words: str
    at: str


class LedToVoteView(TypedDict):
    """A question whose search led to votes on the article, how they were cast, and when it was asked last."""

    question: str
    helpful: bool
    times: int
    at: str


class ReviewDetailView(TypedDict):
    """One review with the votes as they are now, what voters wrote, and what they had searched for, newest first."""

    review: ReviewView
    votes_now: VotesView
    words: list[VoteWordsView]
    searches: list[LedToVoteView]


def _view(review: Review) -> ReviewView:
    closed = None
    if review.closed_at is not None:
        closed = ClosedView(
            at=iso(review.closed_at),
            by=review.closed_by_name or "",
            outcome=str(review.outcome),
            note=review.note,
            article_version=review.closed_version,
        )
    return ReviewView(
        id=review.id,
        article_id=review.article_id,
        slug=review.slug,
        title=review.title,
        url=article_url(review.slug) if review.is_public else None,
        article_status=review.article_status,
        article_version=review.article_version,
        opened_at=iso(review.opened_at),
        reasons=list(review.reasons),
        votes=_votes(review.helpful, review.not_helpful, review.counted_since),
        closed=closed,
    )


def _votes(helpful: int, not_helpful: int, since: datetime | None) -> VotesView:
    return VotesView(helpful=helpful, not_helpful=not_helpful, since=iso_or_none(since))


def _words(one: VoteWords) -> VoteWordsView:
    return VoteWordsView(helpful=one.helpful, words=one.words, at=iso(one.voted_at))


def _led(one: LedToVote) -> LedToVoteView:
    return LedToVoteView(question=one.question, helpful=one.helpful, times=one.times, at=iso(one.last_asked))


async def get_reviews(request: web.Request) -> web.Response:
    """List the open reviews, the oldest first, or the closed ones, the newest first."""
    await signed_in(request, EDITING)
    query = checked(dict(request.query), ReviewsQuery)
    async with request.app[SERVICE].database.read() as reader:
        found = await list_reviews(reader, closed=query.state == "closed", limit=query.limit, after=query.after)
        counts = await count_reviews(reader)
    view = ReviewsView(
        reviews=[_view(review) for review in found],
        counts=ReviewCountsView(open=counts["open"], closed=counts["closed"]),
    )
    return web.json_response(view)


async def get_one_review(request: web.Request) -> web.Response:
    """Return one review with its votes' words."""
    await signed_in(request, EDITING)
    return await _detail(request)


async def post_close(request: web.Request) -> web.Response:
    """Close a review."""
    service = request.app[SERVICE]
    member = await signed_in(request, EDITING)
    body = await read_body(request, CloseBody)
    await close_review(
        service.database,
        request.match_info["id"],
        body.outcome,
        body.note,
        by=member.id,
        by_name=member.name,
        clock=service.clock,
    )
    return await _detail(request)


async def post_click(request: web.Request) -> web.Response:
    """Note that a result was opened; the first stays. The search's id, which only the searcher has, is the permission."""
    service = request.app[SERVICE]
    check_origin(request, service)
    body = await read_body(request, ClickBody)
    await limit(service.counters, service.clock, "clicks", remote(request, service), most=CLICKS_PER_MINUTE)
    search_id = request.match_info["id"]
    if not await record_opened(service.database, search_id, body.article_id, at=service.clock.now()):
        raise NotFound("There is no such search with this article among its results.")
    return web.json_response({})


async def _detail(request: web.Request) -> web.Response:
    async with request.app[SERVICE].database.read() as reader:
        review = await get_review(reader, request.match_info["id"])
        tally = await tally_of(reader, review.article_id)
        words = await words_for(reader, review)
        led = await questions_before_votes(
            reader, review.article_id, since=review.counted_since, until=review.closed_at
        )
    view = ReviewDetailView(
        review=_view(review),
        votes_now=_votes(tally.helpful, tally.not_helpful, tally.since),
        words=[_words(one) for one in words],
        searches=[_led(one) for one in led],
    )
    return web.json_response(view)


_REVIEW = "/api/desk/reviews/{id}"
ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/desk/reviews", get_reviews, "Reviews of articles", auth="staff", query=ReviewsQuery, returns=ReviewsView),
    Route("GET", _REVIEW, get_one_review, "One review", auth="staff", returns=ReviewDetailView),
    Route("POST", _REVIEW + "/close", post_close, "Close a review", auth="staff", body=CloseBody, returns=ReviewDetailView),
    Route("POST", "/api/searches/{id}/clicks", post_click, "A result was opened", body=ClickBody),
)  # fmt: skip
