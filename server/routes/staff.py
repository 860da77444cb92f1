"""Staff and teams: who there is and who is on duty, accounts for admins, one's own password and capacity."""

from __future__ import annotations

import sqlalchemy as sa
from aiohttp import web

from handoff.records import QUEUE
from handoff.routing.duty import loads_of, within_hours
from handoff.routing.presence import PresenceState, present
from handoff.routing.silence import give_up
from handoff.staff import ROLES
from handoff.staff_admin import (
    ROUTED,
    all_staff,
    change_member,
    change_own_password,
    hire,
    new_password,
    set_own_capacity,
)
from handoff.tables import conversations
from handoff.teams import members, put_team, teams_by_name
from server.api import Route, read_body
from server.limits import limit
from server.open_desks import DESK_SOCKETS
from server.routes.desk_socket import presence_may_fail
from server.service import SERVICE, Service
from server.staff_auth import COOKIE, LEADING, signed_in
from server.staff_views import (
    CapacityBody,
    FloorView,
    HireBody,
    HiredView,
    MemberBody,
    MembersView,
    MemberView,
    OnDutyView,
    PasswordBody,
    TeamBody,
    TeamView,
    member_view,
    team_view,
)
from tickets.tables import tickets

MOST_TRIES = 10
"""Attempts at one's own password in `TRIES_WINDOW` seconds."""
TRIES_WINDOW = 300


async def get_floor(request: web.Request) -> web.Response:
    """Return teams and people as they are now."""
    await signed_in(request)
    return web.json_response(await _floor(request.app[SERVICE]))


async def get_staff(request: web.Request) -> web.Response:
    """Return every account."""
    await signed_in(request, LEADING)
    async with request.app[SERVICE].database.read() as reader:
        return web.json_response(MembersView(staff=[member_view(member) for member in await all_staff(reader)]))


async def post_staff(request: web.Request) -> web.Response:
    """Make an account."""
    service = request.app[SERVICE]
    by = await signed_in(request, LEADING)
    body = await read_body(request, HireBody)
    routed = {name: value for name, value in body.given().items() if name in ROUTED}
    password = None if body.password is None else body.password.get_secret_value()
    member, made_up = await hire(
        service.database,
        by,
        email=body.email,
        name=body.name,
        role=body.role,
        password=password,
        routed=routed,
        at=service.clock.now(),
    )
    service.presence_changed()
    return web.json_response(HiredView(member=member_view(member), password=made_up))


async def patch_staff(request: web.Request) -> web.Response:
    """Change an account. Who is not active any more is signed out at once, and their chats go back to the queue."""
    service = request.app[SERVICE]
    by = await signed_in(request, LEADING)
    body = await read_body(request, MemberBody)
    member = await change_member(service.database, by, request.match_info["id"], body.given())
    if not member.active:
        service.hub.catch_up(DESK_SOCKETS)
        await give_up(service.database, member.id, left=True, at=service.clock.now())
    service.presence_changed()
    return web.json_response(member_view(member))


async def post_password(request: web.Request) -> web.Response:
    """Give somebody a password for once, which ends their sessions."""
    service = request.app[SERVICE]
    by = await signed_in(request, LEADING)
    password = await new_password(service.database, by, request.match_info["id"])
    service.hub.catch_up(DESK_SOCKETS)
    async with service.database.read() as reader:
        (member,) = [one for one in await all_staff(reader) if one.id == request.match_info["id"]]
    return web.json_response(HiredView(member=member_view(member), password=password))


async def put_own_password(request: web.Request) -> web.Response:
    """Replace one's own password."""
    service = request.app[SERVICE]
    member = await signed_in(request, ROLES, once=True)
    body = await read_body(request, PasswordBody)
    await limit(service.counters, service.clock, "own-password", member.id, most=MOST_TRIES, seconds=TRIES_WINDOW)
    await change_own_password(
        service.database,
        member,
        current=body.current.get_secret_value(),
        new=body.new.get_secret_value(),
        secret=request.cookies[COOKIE],
    )
    service.hub.catch_up(DESK_SOCKETS)
    return web.json_response({})


async def put_own_capacity(request: web.Request) -> web.Response:
    """Say how many conversations one takes at once."""
    service = request.app[SERVICE]
    member = await signed_in(request)
    body = await read_body(request, CapacityBody)
    changed = await set_own_capacity(service.database, member, body.capacity)
    service.presence_changed()
    return web.json_response(member_view(changed))


async def put_teams(request: web.Request) -> web.Response:
    """Make a team or change it."""
    service = request.app[SERVICE]
    await signed_in(request, LEADING)
    body = await read_body(request, TeamBody)
    async with service.database.write() as tx:
        await put_team(tx, request.match_info["name"], body.given(), at=service.clock.now())
    service.presence_changed()
    floor = await _floor(service)
    return web.json_response(next(team for team in floor["teams"] if team["name"] == request.match_info["name"]))


async def _floor(service: Service) -> FloorView:
    now = service.clock.now()
    there: dict[str, PresenceState] = {}
    with presence_may_fail():
        there = await present(service.redis, now)
    async with service.database.read() as reader:
        people = await members(reader)
        teams = await teams_by_name(reader)
        loads = await loads_of(reader)
        counted = await reader.execute(
            sa.select(tickets.c.team, sa.func.count())
            .join(conversations, conversations.c.ticket_id == tickets.c.id)
            .where(conversations.c.owner == QUEUE)
            .group_by(tickets.c.team)
        )
        waiting = {row[0]: row[1] for row in counted}
    on_duty = [
        OnDutyView(
            id=one.id,
            name=one.name,
            role=one.role,
            state=there.get(one.id, "offline"),
            on_shift=within_hours(one.name, one.hours, now),
            load=loads.get(one.id, 0),
            capacity=one.capacity,
            teams=list(one.teams),
        )
        for one in people
    ]
    return FloorView(
        assignment=service.settings.assignment,
        teams=[
            team_view(
                team,
                waiting=waiting.get(team.name, 0),
                members=sum(one.serves(team.name) for one in people),
                online=sum(one.serves(team.name) and there.get(one.id) == "online" for one in people),
            )
            for team in teams.values()
        ],
        people=on_duty,
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/desk/floor", get_floor, "Teams and who is on duty", auth="staff", returns=FloorView),
    Route("GET", "/api/staff", get_staff, "Every account", auth="staff", returns=MembersView),
    Route("POST", "/api/staff", post_staff, "Make an account", auth="staff", body=HireBody, returns=HiredView),
    Route("PUT", "/api/staff/me/password", put_own_password, "One's own password", auth="staff", body=PasswordBody),
    Route("PUT", "/api/staff/me/capacity", put_own_capacity, "One's own capacity", auth="staff", body=CapacityBody, returns=MemberView),
    Route("PATCH", "/api/staff/{id}", patch_staff, "Change an account", auth="staff", body=MemberBody, returns=MemberView),
    Route("POST", "/api/staff/{id}/password", post_password, "A password for once", auth="staff", returns=HiredView),
    Route("PUT", "/api/teams/{name}", put_teams, "Make or change a team", auth="staff", body=TeamBody, returns=TeamView),
)  # fmt: skip
