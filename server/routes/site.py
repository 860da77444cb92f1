"""The built pages: the widget's script, the desk, and the demo's pages."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from core.errors import NotFound
from customers.accounts import find_by_external_id
from server import pages
from server.api import Route
from server.demo import DEMO_CUSTOMER
from server.identity import sign_identity
from server.pages import HEADERS
from server.service import SERVICE

NOT_BUILT = "The web pages are not built yet. Run make setup."
DEMO_PAGES = {"": "index.html", "billing": "billing.html"}
"""The demo's pages by the last part of their address."""


async def home(request: web.Request) -> web.Response:
    """Lead to the demo page, or to the desk where there is no demo."""
    raise web.HTTPFound("/demo" if request.app[SERVICE].settings.demo else "/desk")


async def widget_script(request: web.Request) -> web.StreamResponse:
    """Serve the one script that a site embeds."""
    response = _file(pages.DIST / "widget.js")
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


async def demo_page(request: web.Request) -> web.Response:
    """Serve Fernhill's page, signed in as a demo customer unless `?guest=1`."""
    service = request.app[SERVICE]
    if not service.settings.demo:
        raise NotFound("The demo is off (BATON_DEMO).")
    page = _read(pages.DIST / "demo" / DEMO_PAGES[request.match_info.get("name", "")])
    token = ""
    if "guest" not in request.query:
        async with service.database.read() as reader:
            account = await find_by_external_id(reader, DEMO_CUSTOMER)
        if account is not None:
            claims = {"sub": DEMO_CUSTOMER, "name": account.name, "email": account.email, "plan": account.plan}
            token = sign_identity(claims, service.identity_secret, service.clock.now())
    return _page(page.replace("__BATON_IDENTITY__", token))


async def desk_page(request: web.Request) -> web.StreamResponse:
    """Serve the desk's one page."""
    return _page(_read(pages.DIST / "desk" / "index.html"))


async def web_file(request: web.Request) -> web.StreamResponse:
    """Serve a built file of the desk or the demo page."""
    base = pages.DIST / request.match_info["page"]
    wanted = (base / request.match_info["file"]).resolve()
    try:
        there = wanted.is_relative_to(base.resolve()) and wanted.is_file() and wanted.suffix != ".html"
    except OSError:
        there = False
    if not there:
        raise NotFound("There is no such file.")
    response = _file(wanted)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _page(html: str) -> web.Response:
    return web.Response(text=html, content_type="text/html", headers={**HEADERS, "Cache-Control": "no-cache"})


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(NOT_BUILT) from error


def _file(path: Path) -> web.FileResponse:
    if not path.is_file():
        raise NotFound(NOT_BUILT)
    return web.FileResponse(path)


ROUTES = (
    Route("GET", "/", home, "To the demo page", documented=False),
    Route("GET", "/widget.js", widget_script, "The widget", documented=False),
    Route("GET", "/demo", demo_page, "The demo page", documented=False),
    Route("GET", "/demo/{name:billing}", demo_page, "The demo's page of invoices", documented=False),
    Route("GET", "/desk", desk_page, "The desk", documented=False),
    Route("GET", "/desk/", desk_page, "The desk", documented=False),
    Route("GET", "/{page:desk|demo}/{file:.+}", web_file, "A built file", documented=False),
)
