"""Pages made on the server: templates, the headers that every page carries, and errors as pages that a person can use."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from core.errors import BatonError, NotFound, RateLimited
from server.api import WENT_WRONG, Handler, log
from server.brand import brand_css
from server.service import SERVICE
from server.settings import ROOT, Settings

DIST = ROOT / "web" / "dist"
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_HEADLINES = {
    403: "That did not come from here",
    404: "We can’t find that page",
    405: "We can’t find that page",
    413: "That is too long",
    429: "One moment, please",
    500: "Something went wrong",
    503: "We will be back in a moment",
}
_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("server", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["day"] = lambda moment: f"{moment.day} {moment:%B %Y}"


def asset(name: str) -> str:
    """Return the address of a built file of the help centre, which changes with its content; empty while it is not built."""
    path = DIST / "help" / name
    try:
        state = path.stat()
    except OSError:
        return ""
    return f"/help/assets/{name}?v={_digest_of(str(path), state.st_mtime_ns)}"


def show(
    request: web.Request, template: str, *, status: int = 200, personal: bool = False, **values: Any
) -> web.Response:
    """Answer with a page; one that the browser has already is not sent again.

    Args:
        request: who asks; `If-None-Match` is heeded.
        template: file in `server/templates`.
        status: HTTP status.
        personal: the page shows something of this reader's, so no shared cache may keep it.
        values: what the template shows.
    """
    settings = request.app[SERVICE].settings
    html = _templates.get_template(template).render(**_common(settings), **values)
    tag = hashlib.sha256(html.encode("utf-8", "replace")).hexdigest()[:20]
    headers = {
        **HEADERS,
        # A page is asked about each time and mostly not sent again: an article that was taken back is gone at once.
        "Cache-Control": "private, no-cache" if personal else "no-cache",
        "Vary": "Cookie",
        "ETag": f'"{tag}"',
    }
    asked = request.headers.get("If-None-Match", "")
    if status == 200 and request.method in {"GET", "HEAD"} and tag in asked:
        return web.Response(status=304, headers=headers)
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)


def as_page(handler: Handler) -> Handler:
    """Let a handler's errors be pages, with the search box and the way to a person on them, and not JSON; unexpected ones are logged."""

    @functools.wraps(handler)
    async def shown(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except BatonError as error:
            return problem(request, error)
        except (web.HTTPException, ConnectionResetError, TimeoutError):
            raise
        except Exception:
            log.exception("request failed", path=request.path)
            return problem(request, BatonError(WENT_WRONG))

    return shown


def problem(request: web.Request, error: BatonError, *, question: str = "") -> web.Response:
    """Answer with an error as a page."""
    headline = _HEADLINES.get(error.status, "That did not work")
    response = show(
        request,
        "problem.html",
        status=error.status,
        headline=headline,
        message=error.message,
        missing=error.status == NotFound.status,
        question=question,
    )
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _common(settings: Settings) -> dict[str, Any]:
    return {
        "brand": settings.brand,
        "brand_css": brand_css(settings.brand_colour),
        "brand_url": settings.brand_url or ("/demo" if settings.demo else ""),
        "site": settings.url,
        "style": asset("help.css"),
        "script": asset("help.js"),
        "widget": (DIST / "widget.js").is_file(),
    }


@functools.lru_cache(maxsize=32)
def _digest_of(path: str, _changed: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
