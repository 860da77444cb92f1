"""Who is reading the help centre: nobody by name, only one reader told from another, so that each counts once."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from aiohttp import web

from core.errors import Forbidden
from core.identifiers import new_id
from server.service import Service
from server.staff_auth import is_own_origin

COOKIE = "baton_reader"
COOKIE_LIFE = timedelta(days=180)
_LONGEST_ID = 60


def reader_of(request: web.Request, service: Service) -> str | None:
    """Return the id in the reader's cookie, None where there is none or it is not one that we signed."""
    reader, _, signature = request.cookies.get(COOKIE, "").partition(".")
    try:
        genuine = hmac.compare_digest(signature.encode(), _signature(reader, service.identity_secret).encode())
    except UnicodeEncodeError:
        return None
    return reader if genuine and 0 < len(reader) <= _LONGEST_ID else None


def new_reader() -> str:
    """Make up the id of a reader who has none yet."""
    return new_id("rd")


def remember_reader(response: web.Response, reader: str, service: Service, *, lasting: bool) -> None:
    """Set the reader's cookie: signed, out of scripts' reach, and not sent along by other sites' forms.

    Args:
        response: goes to the reader.
        reader: the id that they are told from others by.
        service: signs it.
        lasting: for `COOKIE_LIFE`; else until the browser is closed.
    """
    response.set_cookie(
        COOKIE,
        f"{reader}.{_signature(reader, service.identity_secret)}",
        max_age=int(COOKIE_LIFE.total_seconds()) if lasting else None,
        httponly=True,
        samesite="Lax",
        secure=service.settings.url.startswith("https://"),
        path="/",
    )


def check_same_site(request: web.Request, service: Service) -> None:
    """Refuse a form or a call that another site's page sent: browsers say where a POST comes from.

    A reader who votes for the first time has no cookie, so the cookie's `SameSite` alone would not stop it.

    Raises:
        Forbidden: the Origin or Sec-Fetch-Site header names another site.
    """
    origin = request.headers.get("Origin")
    fetched_from = request.headers.get("Sec-Fetch-Site", "same-origin")
    if (origin is not None and not is_own_origin(origin, request, service)) or fetched_from not in {
        "same-origin",
        "none",
    }:
        raise Forbidden("This was sent from another site. Open the page here and try again.")


def day_mark(address: str, agent: str, secret: str, at: datetime) -> str:
    """Return what tells one reader from another for a day without a cookie; tomorrow's cannot be joined to today's.

    Args:
        address: the reader's network address.
        agent: the browser's name for itself.
        secret: without which nobody can find out whose mark it is.
        at: now.
    """
    words = f"{at.date().isoformat()}\n{address}\n{agent}"
    return hmac.new(secret.encode(), words.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:24]


def _signature(reader: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"reader {reader}".encode(), hashlib.sha256).hexdigest()[:32]
