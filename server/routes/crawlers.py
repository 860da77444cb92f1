"""What search engines ask for first: robots.txt, and a sitemap of the public articles, split where it grows too long."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.sax.saxutils import escape

from aiohttp import web
from yarl import URL

from core.errors import NotFound
from knowledge.articles import Viewer, article_url
from knowledge.catalogue import addresses, count_addresses, latest_changes
from server.api import Route
from server.pages import as_page
from server.routes.help import reading
from server.service import SERVICE, Service

Page = tuple[str, datetime | None]
"""An address, and when it last changed."""

MOST_ADDRESSES = 50_000
"""Addresses in one sitemap (sitemaps.org, protocol 0.9)."""
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


async def robots(request: web.Request) -> web.Response:
    """Say what may be crawled: the help centre, not its searches, nor the parts that people sign in to."""
    site = request.app[SERVICE].settings.url
    lines = (
        "User-agent: *",
        "Allow: /help",
        "Disallow: /help?q=",
        "Disallow: /api/",
        "Disallow: /desk",
        "Disallow: /contact",
        "Disallow: /internal/",
        "",
        f"Sitemap: {site}/sitemap.xml",
        "",
    )
    return web.Response(text="\n".join(lines), headers={"Cache-Control": "public, max-age=3600"})


async def sitemap(request: web.Request) -> web.Response:
    """List every public page, or the sitemaps that list them where one would be too long."""
    service = request.app[SERVICE]
    pages = await _shelves(service)
    async with service.database.read() as reader:
        count = await count_addresses(reader, Viewer.ANONYMOUS)
    if count + len(pages) <= MOST_ADDRESSES:
        return _xml("urlset", "url", pages + await _articles(service, 0, MOST_ADDRESSES))
    parts = range(1 + -(-count // MOST_ADDRESSES))
    last = pages[0][1]
    return _xml("sitemapindex", "sitemap", [(f"{service.settings.url}/sitemap-{part}.xml", last) for part in parts])


@as_page
async def part_of_sitemap(request: web.Request) -> web.Response:
    """List one part of the public pages: part 0 front page and categories, each other up to 50,000 articles."""
    service = request.app[SERVICE]
    part = int(request.match_info["part"])
    if part == 0:
        pages = await _shelves(service)
    else:
        pages = await _articles(service, (part - 1) * MOST_ADDRESSES, MOST_ADDRESSES)
    if not pages:
        raise NotFound("There is no such part of the sitemap.")
    return _xml("urlset", "url", pages)


async def _shelves(service: Service) -> list[Page]:
    """Return front page and categories, each with the last change of an article below it."""
    async with service.database.read() as reader:
        latest = await latest_changes(reader, Viewer.ANONYMOUS)
    site = service.settings.url
    categories: list[Page] = [(f"{site}/help/category/{slug}", changed) for slug, changed in sorted(latest.items())]
    return [(f"{site}/help", max(latest.values(), default=None)), *categories]


async def _articles(service: Service, offset: int, most: int) -> list[Page]:
    async with service.database.read() as reader:
        listed = await addresses(reader, Viewer.ANONYMOUS, limit=most, offset=offset)
    return [(f"{service.settings.url}{article_url(slug)}", changed) for slug, changed in listed]


def _xml(kind: str, item: str, pages: Iterable[Page]) -> web.Response:
    lines = [_HEAD, f'<{kind} xmlns="{_SPACE}">\n']
    for url, changed in pages:
        when = "" if changed is None else f"<lastmod>{changed.isoformat(timespec='seconds')}</lastmod>"
        lines.append(f"<{item}><loc>{escape(str(URL(url)))}</loc>{when}</{item}>\n")
    lines.append(f"</{kind}>\n")
    headers = {"Cache-Control": "public, max-age=3600"}
    return web.Response(text="".join(lines), content_type="application/xml", headers=headers)


ROUTES: tuple[Route, ...] = (
    *reading("/robots.txt", robots, "What may be crawled"),
    *reading("/sitemap.xml", sitemap, "The public pages"),
    *reading(r"/sitemap-{part:\d{1,6}}.xml", part_of_sitemap, "A part of the public pages"),
)
