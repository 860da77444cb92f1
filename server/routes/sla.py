"""SLA over HTTP: the history of a ticket's clocks, the rules with their versions, and what members of staff were told."""

from __future__ import annotations

import asyncio

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from core.errors import BatonError, Invalid
from handoff.notifications import mark_read, notifications_of
from handoff.sight import check_sight
from handoff.sla.explaining import explain
from handoff.sla.sla_rules import (
    LONGEST_NOTE,
    RuleVersion,
    SlaRules,
    current_rules,
    parse_rules,
    rules_of,
    save_rules,
    versions,
)
from handoff.yaml_text import LONGEST, line_named
from server.api import LARGEST_INTEGER, Route, checked, read_body
from server.service import SERVICE
from server.sla_history_view import TicketHistoryView, history_view
from server.staff_auth import LEADING, signed_in


class RulesQuery(BaseModel):
    """Which version; without a number the newest."""

    version: int | None = Field(None, ge=0, le=LARGEST_INTEGER)


class CheckBody(BaseModel):
    """Rules in YAML, to be looked at and not saved."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=LONGEST + 1)


class RulesBody(CheckBody):
    """Rules in YAML, the version that they were made from, why, and whether open tickets are measured by them too."""

    base: int = Field(ge=0, le=LARGEST_INTEGER)
    note: str = Field("", max_length=LONGEST_NOTE)
    for_open_tickets: bool = False


class ReadBody(BaseModel):
    """The moment until which everything was read, or the one thing that was."""

    model_config = ConfigDict(extra="forbid")
    until: AwareDatetime | None = None
    id: str | None = Field(None, max_length=40)


class ProblemView(TypedDict):
    """What is wrong, the line from 1 and the place, where they are known."""

    message: str
    line: int | None
    place: str | None


class CheckView(TypedDict):
    """Whether rules could be saved, and what is allowed and yet looks forgotten."""

    problem: ProblemView | None
    warnings: list[str]


class RuleVersionView(TypedDict):
    """Who made a version, when and why. `applied_at` is when all open tickets were measured by it, if they were to be."""

    version: int
    author: str
    note: str
    at: str | None
    for_open_tickets: bool
    applied_at: str | None


class RulesView(TypedDict):
    """One version of the rules, the newest version's number, and the list of versions."""

    version: int
    newest: int
    text: str
    warnings: list[str]
    versions: list[RuleVersionView]


class NotificationView(TypedDict):
    """One thing that a member of staff was told."""

    id: str
    conversation_id: str | None
    words: str
    at: str
    read_at: str | None


class NotificationsView(TypedDict):
    """What a member of staff was told last, and how much of it they have not read."""

    unread: int
    notifications: list[NotificationView]


async def get_history(request: web.Request) -> web.Response:
    """Return how each deadline of a ticket came to be."""
    member = await signed_in(request)
    service = request.app[SERVICE]
    now = service.clock.now()
    async with service.database.read() as reader:
        ticket, clocks = await explain(reader, request.match_info["ticket"], now)
        if ticket.conversation_id is not None:
            await check_sight(reader, member, ticket.conversation_id)
    return web.json_response(history_view(ticket, clocks, now))


async def get_rules(request: web.Request) -> web.Response:
    """Return a version of the rules."""
    await signed_in(request, LEADING)
    return await _rules(request, checked(dict(request.query), RulesQuery).version)


async def put_rules(request: web.Request) -> web.Response:
    """Save a new version of the rules."""
    service = request.app[SERVICE]
    member = await signed_in(request, LEADING)
    body = await read_body(request, RulesBody)
    await save_rules(
        service.database,
        body.text,
        member,
        base=body.base,
        note=body.note,
        for_open_tickets=body.for_open_tickets,
        at=service.clock.now(),
    )
    return await _rules(request, None)


async def post_check(request: web.Request) -> web.Response:
    """Say whether rules are right, without saving them."""
    await signed_in(request, LEADING)
    body = await read_body(request, CheckBody)
    try:
        rules = await asyncio.to_thread(parse_rules, body.text)
    except BatonError as error:
        problem = ProblemView(message=error.message, line=line_named(error.message), place=error.field)
        return web.json_response(CheckView(problem=problem, warnings=[]))
    return web.json_response(CheckView(problem=None, warnings=rules.warnings(request.app[SERVICE].clock.now())))


async def get_notifications(request: web.Request) -> web.Response:
    """Return what one was told."""
    member = await signed_in(request)
    async with request.app[SERVICE].database.read() as reader:
        found = await notifications_of(reader, member.id)
    return web.json_response(
        NotificationsView(
            unread=sum(one.read_at is None for one in found),
            notifications=[
                NotificationView(
                    id=one.id,
                    conversation_id=one.conversation_id,
                    words=one.words,
                    at=iso(one.at),
                    read_at=iso_or_none(one.read_at),
                )
                for one in found
            ],
        )
    )


async def post_read(request: web.Request) -> web.Response:
    """Note that one has read what one was told until a moment, or one thing of it."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, ReadBody)
    if (body.until is None) == (body.id is None):
        raise Invalid("Name the moment until which all was read, or the id of one thing.", field="until")
    async with service.database.write() as tx:
        await mark_read(tx, member.id, until=body.until, one=body.id, at=service.clock.now())
    return await get_notifications(request)


async def _rules(request: web.Request, version: int | None) -> web.Response:
    service = request.app[SERVICE]
    async with service.database.read() as reader:
        newest = await current_rules(reader)
        rules: SlaRules = newest if version is None else await rules_of(reader, version)
        listed = await versions(reader)
    return web.json_response(
        RulesView(
            version=rules.version,
            newest=newest.version,
            text=rules.text,
            warnings=rules.warnings(service.clock.now()),
            versions=[_version(one) for one in listed],
        )
    )


def _version(one: RuleVersion) -> RuleVersionView:
    return RuleVersionView(
        version=one.version,
        author=one.author,
        note=one.note,
        at=iso_or_none(one.at),
        for_open_tickets=one.for_open_tickets,
        applied_at=iso_or_none(one.applied_at),
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/sla/tickets/{ticket}", get_history, "How a ticket's deadlines came to be", auth="staff",
          returns=TicketHistoryView),
    Route("GET", "/api/sla/policies", get_rules, "The SLA rules and their versions", auth="staff", query=RulesQuery,
          returns=RulesView),
    Route("PUT", "/api/sla/policies", put_rules, "Save a new version of the SLA rules", auth="staff", body=RulesBody,
          returns=RulesView),
    Route("POST", "/api/sla/policies/check", post_check, "Check SLA rules", auth="staff", body=CheckBody, returns=CheckView),
    Route("GET", "/api/desk/notifications", get_notifications, "What one was told", auth="staff", returns=NotificationsView),
    Route("POST", "/api/desk/notifications/read", post_read, "Note what one has read", auth="staff", body=ReadBody,
          returns=NotificationsView),
)  # fmt: skip
