"""The API of tickets: what your own server sends in, triaged like everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from core.errors import BatonError, Forbidden, Unauthenticated
from handoff.filing import REASON, Filing, file_ticket, filed_once
from handoff.transcript import transcript
from knowledge.articles import Viewer
from server import metrics
from server.api import Route, log, read_body
from server.callers import is_bearer
from server.identity import AccountClaims, Claims, account_of_claims
from server.service import SERVICE, Service
from tickets.records import TicketView, ticket_view
from tickets.ticketing import Ticket
from tickets.triage import LONGEST_READ

CHANNEL = "api"
OFFERED = 3
"""Articles that triage is told of."""


class TicketCustomer(AccountClaims):
    """Who it is about. What is left out keeps its value."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=200, description="Your own id of the customer.")


class TicketBody(BaseModel):
    """A ticket. Sent twice with the same `reference` it is one ticket."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(description="Your own id of it: 1 to 60 printable ASCII characters.")
    subject: str = Field("", max_length=200)
    text: str = Field("", description="What the customer wrote; may be empty where the subject says it all.")
    email: str | None = Field(None, max_length=254, description="Where the customer is answered.")
    name: str | None = Field(None, max_length=200)
    customer: TicketCustomer | None = None


class ChatReplyView(TypedDict):
    """An article's passage that was given as an automatic reply; the ticket stays open."""

    article_id: str
    title: str
    url: str
    html: str


class FiledView(TypedDict):
    """The ticket as triage made it. `created` is false where it was there already."""

    ticket: TicketView
    conversation_id: str
    confidence: float
    reply: ChatReplyView | None
    created: bool


async def post_ticket(request: web.Request) -> web.Response:
    """Open a ticket."""
    service = request.app[SERVICE]
    _check_token(request, service)
    body = await read_body(request, TicketBody)
    offered = await _offered(service, f"{body.subject}\n{body.text}".strip(), known=body.customer is not None)
    ticket, created = await filed_once(lambda: _file(service, body, offered))
    if created:
        metrics.HANDOFFS.labels(REASON).inc()
    return web.json_response(await _view(service, ticket, created=created), status=201 if created else 200)


async def _file(service: Service, body: TicketBody, offered: Sequence[Mapping[str, Any]]) -> tuple[Ticket, bool]:
    now = service.clock.now()
    async with service.database.write() as tx:
        customer_id = None
        if body.customer is not None:
            told = body.customer.model_dump(exclude={"id"})
            claims = Claims(sub=body.customer.id, exp=now.timestamp(), **told)
            customer_id = (await account_of_claims(tx, claims, now)).id
        filing = Filing(
            channel=CHANNEL,
            reference=body.reference,
            text=body.text,
            subject=body.subject,
            email=body.email,
            name=body.name or (body.customer.name if body.customer else None),
            customer_id=customer_id,
        )
        return await file_ticket(tx, filing, at=now, head=service.head, offered=offered)


async def _offered(service: Service, text: str, *, known: bool) -> list[dict[str, Any]]:
    """Return passages that answer a text, none where the search does not believe that one does, or is not there."""
    if not text:
        return []
    try:
        viewer = Viewer.CUSTOMER if known else Viewer.ANONYMOUS
        outcome = await service.knowledge().search(text[:LONGEST_READ], viewer=viewer, limit=OFFERED, log=False)
    except BatonError as error:
        log.warning("a ticket was triaged without articles", reason=error.message)
        return []
    names = ("article_id", "slug", "title", "heading", "url", "html")
    return [{name: getattr(one, name) for name in names} for one in outcome.results] if outcome.answered else []


async def _view(service: Service, ticket: Ticket, *, created: bool) -> FiledView:
    conversation_id = str(ticket.conversation_id)
    async with service.database.read() as reader:
        said = await transcript(reader, conversation_id, notes=False)
    answer = next((message.answer for message in said if message.answer is not None and message.epoch == 1), None)
    reply = (
        None if answer is None else ChatReplyView(**{name: answer[name] for name in ChatReplyView.__annotations__})  # type: ignore[typeddict-item]
    )
    return FiledView(
        ticket=ticket_view(ticket),
        conversation_id=conversation_id,
        confidence=round(ticket.confidence, 4),
        reply=reply,
        created=created,
    )


def _check_token(request: web.Request, service: Service) -> None:
    token = service.settings.api_token.get_secret_value()
    if not token:
        raise Forbidden("The API of tickets is off. Set BATON_API_TOKEN to switch it on.")
    if not is_bearer(request, token):
        raise Unauthenticated("This needs the header Authorization: Bearer with the value of BATON_API_TOKEN.")


ROUTES = (Route("POST", "/api/tickets", post_ticket, "Open a ticket", auth="api", body=TicketBody, returns=FiledView),)
