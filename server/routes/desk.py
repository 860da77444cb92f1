"""The agent's side: the lists, one conversation, and what can be done with it."""

from __future__ import annotations

from aiohttp import web

from core.clock import iso
from core.errors import Conflict
from handoff.desk import detail_of, list_rows
from handoff.desk_counts import counts
from handoff.desk_views import AgentView, DetailView
from handoff.mentions import readers_of
from handoff.pending import wait_for_customer
from handoff.routing.presence import present, show_presence
from handoff.routing.transferring import transfer
from handoff.sight import check_sight
from handoff.speaking import say_as_agent, write_note
from handoff.staff import ROLES, staff_names
from handoff.taking_over import claim, give_back, override_ticket, release, resolve
from handoff.transcript import get_conversation
from handoff.views import message_view
from knowledge.articles import Viewer
from server import metrics
from server.api import Route, checked, read_body
from server.desk_views import (
    AtEpoch,
    FoundView,
    ListQuery,
    ListView,
    NoteBody,
    OverrideBody,
    PresenceBody,
    ReadersView,
    ReplyBody,
    ReplyView,
    ResolveBody,
    SearchQuery,
    TransferBody,
    WaitBody,
    found_view,
)
from server.routes.desk_socket import presence_may_fail
from server.service import SERVICE, Service
from server.staff_auth import signed_in
from tickets.ticketing import TicketView, get_ticket, overrides_of, ticket_view


async def get_list(request: web.Request) -> web.Response:
    """Return one of the lists."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    query = checked(dict(request.query), ListQuery)
    async with service.database.read() as reader:
        rows = await list_rows(reader, query.view, member, service.clock.now(), query.team)
        counted = await counts(reader, member)
    return web.json_response(ListView(conversations=rows, counts=counted))


async def get_detail(request: web.Request) -> web.Response:
    """Return one conversation with all that is known beside it."""
    member = await signed_in(request)
    service = request.app[SERVICE]
    async with service.database.read() as reader:
        # Both of one moment: who may read it no longer reads nothing of what was written since.
        await check_sight(reader, member, request.match_info["id"])
        return web.json_response(await detail_of(reader, request.match_info["id"], service.clock.now()))


async def get_readers(request: web.Request) -> web.Response:
    """Return the colleagues who may read a conversation: whom a note in it can name."""
    member = await signed_in(request)
    async with request.app[SERVICE].database.read() as reader:
        await get_conversation(reader, request.match_info["id"])
        await check_sight(reader, member, request.match_info["id"])
        found = await readers_of(reader, request.match_info["id"])
    return web.json_response(ReadersView(people=[AgentView(id=one.id, name=one.name) for one in found]))


async def post_claim(request: web.Request) -> web.Response:
    """Claim a waiting conversation."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, AtEpoch)
    claimed = await claim(service.database, request.match_info["id"], member, epoch=body.epoch, at=service.clock.now())
    if claimed.anew:
        metrics.CLAIMS.inc()
    return await _detail(request)


async def post_reply(request: web.Request) -> web.Response:
    """Send a public reply."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, ReplyBody)
    message = await say_as_agent(
        service.database,
        request.match_info["id"],
        member,
        epoch=body.epoch,
        client_id=body.client_id,
        text=body.text,
        at=service.clock.now(),
        wait=body.wait,
    )
    metrics.MESSAGES.labels("agent").inc()
    return web.json_response(ReplyView(message=message_view(message)))


async def post_wait(request: web.Request) -> web.Response:
    """Let the ticket wait for the customer, or no longer."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, WaitBody)
    await wait_for_customer(
        service.database, request.match_info["id"], member, epoch=body.epoch, on=body.on, at=service.clock.now()
    )
    return await _detail(request)


async def post_note(request: web.Request) -> web.Response:
    """Write an internal note."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, NoteBody)
    message = await write_note(
        service.database,
        request.match_info["id"],
        member,
        client_id=body.client_id,
        text=body.text,
        at=service.clock.now(),
    )
    return web.json_response(ReplyView(message=message_view(message)))


async def post_resolve(request: web.Request) -> web.Response:
    """Resolve the ticket; the conversation goes back to the bot and the customer is asked for a rating."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, ResolveBody)
    await resolve(
        service.database,
        request.match_info["id"],
        member,
        epoch=body.epoch,
        at=service.clock.now(),
        note=body.note,
    )
    return await _detail(request)


async def post_return(request: web.Request) -> web.Response:
    """Give the conversation back to the bot."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, AtEpoch)
    await give_back(service.database, request.match_info["id"], member, epoch=body.epoch, at=service.clock.now())
    return await _detail(request)


async def post_release(request: web.Request) -> web.Response:
    """Put the conversation back into the queue."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, AtEpoch)
    await release(service.database, request.match_info["id"], member, epoch=body.epoch, at=service.clock.now())
    return await _detail(request)


async def post_transfer(request: web.Request) -> web.Response:
    """Pass the conversation on to a team, or to a colleague who is there."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, TransferBody)
    if body.agent is not None:
        await _check_there(service, body.agent)
    await transfer(
        service.database,
        request.match_info["id"],
        member,
        epoch=body.epoch,
        at=service.clock.now(),
        team=body.team,
        to=body.agent,
        note=body.note,
    )
    return await _detail(request)


async def _check_there(service: Service, staff_id: str) -> None:
    """Refuse a colleague who is offline: nobody would answer. Where presence is not known, the agent's word counts."""
    with presence_may_fail():
        if staff_id not in await present(service.redis, service.clock.now()):
            async with service.database.read() as reader:
                name = (await staff_names(reader)).get(staff_id)
            if name is not None:
                raise Conflict(
                    f"{name} is offline. Pass it to a team, where whoever is on duty takes it.", field="agent"
                )


async def patch_ticket(request: web.Request) -> web.Response:
    """Correct a ticket's priority or category."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, OverrideBody)
    changes = {name: value for name, value in body.model_dump().items() if value is not None}
    await override_ticket(service.database, request.match_info["id"], member, changes, at=service.clock.now())
    async with service.database.read() as reader:
        ticket = await get_ticket(reader, request.match_info["id"])
        return web.json_response(ticket_view(ticket, await overrides_of(reader, ticket.id)))


async def get_search(request: web.Request) -> web.Response:
    """Search the articles, internal ones included."""
    service = request.app[SERVICE]
    await signed_in(request, ROLES)
    query = checked(dict(request.query), SearchQuery)
    outcome = await service.knowledge().search(
        query.q,
        viewer=Viewer.STAFF,
        surface="desk",
        limit=query.limit,
        category=query.category,
        audience=query.audience,
    )
    search_id = None if outcome.entry is None else outcome.entry.id
    return web.json_response(FoundView(search_id=search_id, results=[found_view(result) for result in outcome.results]))


async def put_presence(request: web.Request) -> web.Response:
    """Say whether one is on duty."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, PresenceBody)
    with presence_may_fail():
        await show_presence(service.redis, member.id, body.state, service.clock.now())
    service.presence_changed(member.id)
    return web.json_response({"state": body.state, "at": iso(service.clock.now())})


async def _detail(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    async with service.database.read() as reader:
        return web.json_response(await detail_of(reader, request.match_info["id"], service.clock.now()))


_DESK = "/api/desk/conversations/{id}"
ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/desk/conversations", get_list, "A list of conversations", auth="staff", query=ListQuery, returns=ListView),
    Route("GET", _DESK, get_detail, "One conversation", auth="staff", returns=DetailView),
    Route("GET", _DESK + "/readers", get_readers, "Who may read it", auth="staff", returns=ReadersView),
    Route("POST", _DESK + "/claim", post_claim, "Claim", auth="staff", body=AtEpoch, returns=DetailView),
    Route("POST", _DESK + "/replies", post_reply, "Reply", auth="staff", body=ReplyBody, returns=ReplyView),
    Route("POST", _DESK + "/notes", post_note, "Note", auth="staff", body=NoteBody, returns=ReplyView),
    Route("POST", _DESK + "/wait", post_wait, "Wait for the customer", auth="staff", body=WaitBody, returns=DetailView),
    Route("POST", _DESK + "/resolve", post_resolve, "Resolve", auth="staff", body=ResolveBody, returns=DetailView),
    Route("POST", _DESK + "/return", post_return, "Back to the bot", auth="staff", body=AtEpoch, returns=DetailView),
    Route("POST", _DESK + "/release", post_release, "Back to the queue", auth="staff", body=AtEpoch, returns=DetailView),
    Route("POST", _DESK + "/transfer", post_transfer, "Pass on", auth="staff", body=TransferBody, returns=DetailView),
    Route("PATCH", "/api/desk/tickets/{id}", patch_ticket, "Override", auth="staff", body=OverrideBody, returns=TicketView),
    Route("GET", "/api/desk/search", get_search, "Search the articles", auth="staff", query=SearchQuery, returns=FoundView),
    Route("PUT", "/api/desk/presence", put_presence, "On duty or not", auth="staff", body=PresenceBody),
)  # fmt: skip
