"""The pages: the widget's script, the desk, the demo page, and articles that can be read without JavaScript."""

from __future__ import annotations

from pathlib import Path

import jinja2
from aiohttp import web

from core.errors import BatonError, NotFound
from customers.accounts import find_by_external_id
from knowledge.articles import Viewer
from knowledge.rendering import render
from knowledge.store import count_view, get_article, related_articles
from server.api import Route
from server.demo import DEMO_CUSTOMER
from server.identity import sign_identity
from server.service import SERVICE
from server.settings import ROOT

DIST = ROOT / "web" / "dist"
NOT_BUILT = "The web pages are not built yet. Run make setup."
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("server", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
)


async def home(request: web.Request) -> web.Response:
    """Lead to the demo page, or to the desk where there is no demo."""
    raise web.HTTPFound("/demo" if request.app[SERVICE].settings.demo else "/desk")


async def widget_script(request: web.Request) -> web.StreamResponse:
    """Serve the one script that a site embeds."""
    response = _file(DIST / "widget.js")
    response.headers["Content-Type"] = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


async def demo_page(request: web.Request) -> web.Response:
    """Serve Fernhill's page, signed in as a demo customer unless `?guest=1`."""
    service = request.app[SERVICE]
    if not service.settings.demo:
        raise NotFound("The demo is off (BATON_DEMO).")
    page = _read(DIST / "demo" / "index.html")
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
    return _page(_read(DIST / "desk" / "index.html"))


async def web_file(request: web.Request) -> web.StreamResponse:
    """Serve a built file of the desk or the demo page."""
    base = DIST / request.match_info["page"]
    wanted = (base / request.match_info["file"]).resolve()
    try:
        there = wanted.is_relative_to(base.resolve()) and wanted.is_file()
    except OSError:
        there = False
    if not there:
        raise NotFound("There is no such file.")
    response = _file(wanted)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


async def help_article(request: web.Request) -> web.Response:
    """Show one public article."""
    service = request.app[SERVICE]
    try:
        async with service.database.read() as reader:
            article = await get_article(reader, request.match_info["slug"], Viewer.ANONYMOUS)
            related = await related_articles(reader, article, Viewer.ANONYMOUS)
    except BatonError as error:
        html = _templates.get_template("missing.html").render(message=error.message)
        return _page(html, status=404)
    async with service.database.write() as tx:
        await count_view(tx, article.id)
    html = _templates.get_template("article.html").render(
        article=article,
        body=render(article.content, anchors=True),
        related=related,
        url=f"{service.settings.url}/help/{article.slug}",
        updated=article.updated.strftime("%-d %B %Y") if article.updated else "",
    )
    return _page(html)


def _page(html: str, *, status: int = 200) -> web.Response:
    return web.Response(
        text=html,
        status=status,
        content_type="text/html",
        headers={
            "Content-Security-Policy": PAGE_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-cache",
        },
    )


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
    Route("GET", "/desk", desk_page, "The desk", documented=False),
    Route("GET", "/desk/", desk_page, "The desk", documented=False),
    Route("GET", "/{page:desk|demo}/{file:.+}", web_file, "A built file", documented=False),
    Route("GET", "/help/{slug}", help_article, "An article", documented=False),
)
