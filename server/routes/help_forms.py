"""What readers of the help centre send: votes, what they typed, and a request to support, as a form or by script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import TypedDict

from core.errors import BatonError, Invalid, Unavailable
from core.identifiers import new_id
from handoff.filing import REASON, Filing, file_ticket, filed_once
from handoff.requests import CHANNEL
from handoff.wording import clean_email, clean_text
from knowledge.articles import Viewer, article_url
from knowledge.store import get_article
from knowledge.votes import record_vote, voter_of
from server import metrics
from server.api import SMALL_BODY, Route, checked, log, read_body, storable
from server.callers import known_visitor, remote
from server.help_content import question_of, shortened
from server.help_search import note_typed, offer
from server.limits import limit
from server.pages import as_page, show
from server.reader import check_same_site, new_reader, reader_of, remember_reader
from server.routes.help import reading
from server.service import SERVICE, Service
from tickets.ticketing import Ticket

VOTES_PER_MINUTE = 20
REQUESTS_PER_HOUR = 10
"""Contact forms of one address; a chat has limits of its own."""
PLACE = "Contact form: answer by e-mail"
_FORM_ID = re.compile(r"fo_[0-9a-f]{24}")


class HelpQuery(BaseModel):
    """What somebody is typing into the help centre's search."""

    q: str = Field(description="The words so far, at most 1,000 characters.")


class OfferedArticle(TypedDict):
    """An article that is offered while somebody types."""

    slug: str
    title: str
    category: str
    url: str
    snippet: str
    title_pieces: list[tuple[str, bool]]
    """The title again, cut where words of the question are; put together the pieces are the title."""
    snippet_pieces: list[tuple[str, bool]]


class OfferedView(TypedDict):
    """What is offered; `answered` says whether the first is believed to answer."""

    question: str
    answered: bool
    results: list[OfferedArticle]


class TypedBody(BaseModel):
    """A question that was typed and not sent, and the article that was opened from what was offered."""

    model_config = ConfigDict(extra="ignore")

    question: str
    opened: str | None = Field(None, max_length=200)


class VoteBody(BaseModel):
    """Whether an article helped; why, if the reader says."""

    model_config = ConfigDict(extra="ignore")

    helpful: bool
    words: str = Field("", max_length=2_000)


class VoteView(TypedDict):
    """The vote as it is kept."""

    helpful: bool


async def get_offers(request: web.Request) -> web.Response:
    """Offer public articles while somebody types."""
    service = request.app[SERVICE]
    query = checked(dict(request.query), HelpQuery)
    found = await offer(request, service, query.q)
    results: list[OfferedArticle] = [
        {
            "slug": one.hit.slug,
            "title": one.hit.title,
            "category": one.hit.category,
            "url": one.hit.url,
            "snippet": one.hit.snippet,
            "title_pieces": [*one.title],
            "snippet_pieces": [*one.snippet],
        }
        for one in found.offers
    ]
    view: OfferedView = {"question": found.question, "answered": found.answered, "results": results}
    return web.json_response(view, headers={"Cache-Control": "no-store"})


async def post_typed(request: web.Request) -> web.Response:
    """Keep what was typed and not sent. Sent as the page is left, so it must be cheap to answer."""
    service = request.app[SERVICE]
    check_same_site(request, service)
    body = await read_body(request, TypedBody, most=SMALL_BODY)
    await note_typed(request, service, body.question, body.opened)
    return web.json_response({})


async def post_vote(request: web.Request) -> web.Response:
    """Keep a reader's vote."""
    service = request.app[SERVICE]
    check_same_site(request, service)
    body = await read_body(request, VoteBody, most=SMALL_BODY)
    voter = await _vote(request, service, body.helpful, body.words)
    view: VoteView = {"helpful": body.helpful}
    response = web.json_response(view)
    _remember(request, response, voter, service)
    return response


@as_page
async def send_vote(request: web.Request) -> web.Response:
    """Keep the vote of a reader without JavaScript, and show the article again."""
    service = request.app[SERVICE]
    check_same_site(request, service)
    form = await _form(request)
    if form.get("helpful") not in {"yes", "no"}:
        raise Invalid("Choose whether the article helped.", field="helpful")
    words = str(form.get("words", ""))
    voter = await _vote(request, service, form["helpful"] == "yes", words)
    # Not raised, as the other redirects are: it brings a cookie.
    response = web.Response(
        status=303, headers={"Location": f"{article_url(request.match_info['slug'])}?vote#feedback"}
    )
    _remember(request, response, voter, service)
    return response


class _Voter(NamedTuple):
    """Whose a vote is."""

    id: str
    is_customer: bool
    """Signed in, as the chat of this browser knows."""


def _remember(request: web.Request, response: web.Response, voter: _Voter, service: Service) -> None:
    """Have the next page know the reader: a customer until the browser is closed, for others may use it next, anybody else for long."""
    if reader_of(request, service) != voter.id:
        remember_reader(response, voter.id, service, lasting=not voter.is_customer)


async def _vote(request: web.Request, service: Service, helpful: bool, words: str) -> _Voter:
    """Record a vote and return whose it is: that of whoever chats in the widget where somebody does, else the reader's."""
    await limit(service.counters, service.clock, "votes", remote(request, service), most=VOTES_PER_MINUTE)
    async with service.database.read() as reader:
        article = await get_article(reader, request.match_info["slug"], Viewer.ANONYMOUS)
    visitor = await known_visitor(request, service)
    known = visitor and voter_of(visitor.id, visitor.customer_id)
    voter = known or reader_of(request, service) or new_reader()
    words = str(storable(words))
    await record_vote(service.database, article.id, voter, helpful, words, clock=service.clock, viewer=Viewer.ANONYMOUS)
    return _Voter(voter, is_customer=visitor is not None and visitor.customer_id is not None)


@as_page
async def contact_page(request: web.Request) -> web.Response:
    """Show the ways to reach a person: the chat, and a form that needs no JavaScript."""
    about = shortened(question_of(request.query.get("about", "")), 300)
    return _contact(request, message=f"I searched for “{about}”.\n\n" if about else "")


def _contact(
    request: web.Request, *, email: str = "", message: str = "", wrong: BatonError | None = None, form: str = ""
) -> web.Response:
    return show(
        request,
        "contact.html",
        status=200 if wrong is None else wrong.status,
        personal=True,
        email=email,
        text=message,
        wrong=wrong,
        form=form or new_id("fo"),
    )


@as_page
async def send_request(request: web.Request) -> web.Response:
    """Open a ticket with what the form says. Idempotent by the form's id: sent twice, or again after an error, it is one."""
    service = request.app[SERVICE]
    check_same_site(request, service)
    form = await _form(request)
    sent_id = str(form.get("form", ""))
    form_id = sent_id if _FORM_ID.fullmatch(sent_id) else ""
    email, message = str(form.get("email", "")), str(form.get("message", ""))
    try:
        if not form_id:
            raise Invalid("The form was incomplete. Send it again.")
        address, text = clean_email(str(storable(email))), clean_text(str(storable(message)))
        await limit(
            service.counters, service.clock, "requests", remote(request, service), most=REQUESTS_PER_HOUR, seconds=3600
        )
    except BatonError as error:
        return _contact(request, email=email[:254], message=message, wrong=error, form=form_id)
    filing = Filing(CHANNEL, form_id, text, email=address, page_url=f"{service.settings.url}/contact", page_title=PLACE)
    try:
        _ticket, created = await filed_once(lambda: _file(service, filing))
    except (SQLAlchemyError, OSError):
        log.exception("a contact form was not stored")
        lost = Unavailable("Your request could not be stored just now. Nothing you wrote is lost: send it again.")
        return _contact(request, email=email[:254], message=message, wrong=lost, form=form_id)
    if created:
        metrics.HANDOFFS.labels(REASON).inc()
    raise web.HTTPSeeOther("/contact/sent")


async def _file(service: Service, filing: Filing) -> tuple[Ticket, bool]:
    async with service.database.write() as tx:
        return await file_ticket(tx, filing, at=service.clock.now(), head=service.head)


@as_page
async def sent_page(request: web.Request) -> web.Response:
    """Say that the request has arrived and what happens next."""
    return show(request, "sent.html")


async def _form(request: web.Request) -> Mapping[str, object]:
    try:
        return await request.post()
    except (ValueError, AssertionError, LookupError) as error:
        raise Invalid("The form could not be read. Send it again.") from error


ROUTES = (
    Route(
        "GET", "/api/help/search", get_offers, "Public articles for what is being typed",
        query=HelpQuery, returns=OfferedView,
    ),
    Route("POST", "/api/help/searches", post_typed, "Keep a question that was typed and not sent", body=TypedBody),
    Route(
        "POST", "/api/help/articles/{slug}/vote", post_vote, "Vote on a public article",
        body=VoteBody, returns=VoteView,
    ),
    Route("POST", "/help/{slug}/vote", send_vote, "Vote without JavaScript", documented=False),
    *reading("/contact", contact_page, "Ways to reach a person"),
    Route("POST", "/contact", send_request, "A request to support without JavaScript", documented=False),
    *reading("/contact/sent", sent_page, "The request has arrived"),
)  # fmt: skip
