"""The staff's sessions: signing in, where guessing is slowed down, and signing out."""

from __future__ import annotations

from aiohttp import web

from handoff.staff import ROLES, SESSION_LENGTH, sign_in, sign_out
from server.api import SMALL_BODY, Route, read_body
from server.callers import remote
from server.desk_views import SignIn, StaffSessionView, staff_view
from server.limits import forgive, limit
from server.open_desks import DESK_SOCKETS
from server.service import SERVICE
from server.staff_auth import COOKIE, check_header, signed_in

SIGN_IN_WINDOW = 300
"""Seconds in which failed sign-ins are counted."""
MOST_FAILURES = 100
"""Failures of one address in a window: a whole office may share it."""
MOST_FAILURES_EACH = 10
"""Failures of one address with one account."""


async def post_session(request: web.Request) -> web.Response:
    """Sign in."""
    service = request.app[SERVICE]
    check_header(request)
    body = await read_body(request, SignIn, most=SMALL_BODY)
    address = remote(request, service)
    # Counted before the password is looked at, so that guesses side by side count too. Nobody is locked out from another address.
    counted = [
        await limit(service.counters, service.clock, "sign-in", subject, most=most, seconds=SIGN_IN_WINDOW)
        for subject, most in ((address, MOST_FAILURES), (f"{address} {body.email.strip().lower()}", MOST_FAILURES_EACH))
    ]
    member, secret = await sign_in(
        service.database, email=body.email, password=body.password.get_secret_value(), at=service.clock.now()
    )
    await forgive(service.counters, *counted, seconds=SIGN_IN_WINDOW)
    response = web.json_response(staff_view(member))
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=service.settings.url.startswith("https:"),
    )
    return response


async def get_session(request: web.Request) -> web.Response:
    """Tell who is signed in."""
    return web.json_response(staff_view(await signed_in(request, ROLES, once=True)))


async def delete_session(request: web.Request) -> web.Response:
    """Sign out."""
    await signed_in(request, ROLES, once=True)
    async with request.app[SERVICE].database.write() as tx:
        await sign_out(tx, request.cookies[COOKIE])
    request.app[SERVICE].hub.catch_up(DESK_SOCKETS)
    response = web.json_response({})
    response.del_cookie(COOKIE)
    return response


ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/staff/session", post_session, "Sign in", body=SignIn, returns=StaffSessionView),
    Route("GET", "/api/staff/session", get_session, "Who is signed in", auth="staff", returns=StaffSessionView),
    Route("DELETE", "/api/staff/session", delete_session, "Sign out", auth="staff"),
)  # fmt: skip
