"""The public help centre: front page and search, categories, articles. Every page is whole without JavaScript.

Only what an anonymous visitor may see is ever read here (`Viewer.ANONYMOUS`), whoever is signed in elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from markupsafe import Markup

from core.database import Reader
from core.errors import BatonError, NotFound
from knowledge.articles import Article, Viewer
from knowledge.catalogue import (
    Summary,
    articles_of,
    find_category,
    list_categories,
    most_read,
    recently_updated,
    same_shelf,
)
from knowledge.related import Related
from knowledge.rendering import Heading, plain_text
from knowledge.store import get_article, get_article_of_id
from knowledge.votes import vote_of
from server import pages, structured_data
from server.api import Handler, Route
from server.help_content import article_body, breadcrumbs, contents, description_of, question_of, shortened
from server.help_search import note_opened, search_page
from server.help_views import count_reading, is_reading
from server.making import MAKING
from server.pages import as_page, problem, show
from server.reader import reader_of
from server.service import SERVICE, Service

FIRST_OF_CATEGORY = 4
MOST_READ = 6
RELATED = 4
READ_A_MINUTE = 220
"""Words that a reader takes in, for how long an article takes."""
PAGE_SIZE = 60
"""Articles on a page of a category."""
_PAGE_NUMBER = re.compile(r"[1-9]\d{0,6}")
_ASSET = re.compile(r"[a-z]+\.(?:css|js)")


@as_page
async def front_page(request: web.Request) -> web.Response:
    """Show the categories, or what a search found (`?q=`)."""
    service = request.app[SERVICE]
    if "q" in request.query:
        return await _results_page(request, service, request.query["q"])
    async with service.database.read() as reader:
        categories = await list_categories(reader, Viewer.ANONYMOUS, first=FIRST_OF_CATEGORY)
        popular = await most_read(reader, Viewer.ANONYMOUS, limit=MOST_READ)
        latest = [] if popular else await recently_updated(reader, Viewer.ANONYMOUS, limit=MOST_READ)
    settings = service.settings
    return show(
        request,
        "home.html",
        categories=categories,
        popular=popular,
        latest=latest,
        structured=structured_data.script(structured_data.about_site(f"{settings.brand} Help", settings.url)),
    )


async def _results_page(request: web.Request, service: Service, text: str) -> web.Response:
    question = question_of(text)
    if not question:
        raise web.HTTPFound("/help")
    try:
        found = await search_page(request, service, text)
    except BatonError as error:
        return problem(request, error, question=shortened(question, 200))
    return show(request, "results.html", personal=True, found=found)


@as_page
async def category_page(request: web.Request) -> web.Response:
    """Show a category's articles by subcategory, sixty a page."""
    service = request.app[SERVICE]
    wanted = request.query.get("page", "1")
    number = int(wanted) if _PAGE_NUMBER.fullmatch(wanted) else 0
    async with service.database.read() as reader:
        category = await find_category(reader, request.match_info["category"], Viewer.ANONYMOUS)
        if category is None:
            raise NotFound("There is no such category.")
        count = -(-category.count // PAGE_SIZE)
        if not 1 <= number <= count:
            raise NotFound(f"{category.name} has {count} page{'' if count == 1 else 's'}.")
        listed = await articles_of(reader, category, Viewer.ANONYMOUS, limit=PAGE_SIZE, offset=PAGE_SIZE * (number - 1))
        others = await list_categories(reader, Viewer.ANONYMOUS)
    way = [("Help", "/help"), (category.name, category.url)]
    return show(
        request,
        "category.html",
        category=category,
        groups=_by_subcategory(listed),
        others=others,
        number=number,
        pages=count,
        structured=structured_data.script(structured_data.about_way(way, service.settings.url)),
    )


def _by_subcategory(listed: list[Summary]) -> list[tuple[str, list[Summary]]]:
    """Return articles under their subcategories; those that are alone in theirs come last, together, under no name."""
    groups: dict[str, list[Summary]] = {}
    for summary in listed:
        groups.setdefault(summary.subcategory.strip(), []).append(summary)
    shelves = [(name, those) for name, those in groups.items() if name and len(those) > 1]
    single = [one for name, those in groups.items() if not name or len(those) == 1 for one in those]
    return shelves + ([("", sorted(single, key=lambda one: one.title.casefold()))] if single else [])


@as_page
async def article_page(request: web.Request) -> web.Response:
    """Show one public article, with this reader's vote on it."""
    service = request.app[SERVICE]
    article = await _article_at(request, service)
    related = await related_to(service, article)
    await _count(request, service, article)
    who = reader_of(request, service)
    text = await request.app[MAKING].of_article(_made_of, article)
    return show(
        request,
        "article.html",
        personal=who is not None,
        article=article,
        body=text.body,
        contents=text.contents,
        way=breadcrumbs(article),
        related=related,
        vote=None if who is None else await vote_of(service.database, article.id, who),
        said="vote" in request.query,
        votes=article.helpful + article.not_helpful,
        minutes=text.minutes,
        description=text.description,
        structured=_described(article, text, service),
    )


async def _article_at(request: web.Request, service: Service) -> Article:
    """Return the article at this address; from one that it had before it is led to where it is now."""
    slug = request.match_info["slug"]
    article = await _found(service, get_article, slug)
    if article.slug != slug:
        raise _moved(request, article)
    return article


@as_page
async def article_of_id(request: web.Request) -> web.Response:
    """Lead from an article's permanent address to where it is now."""
    service = request.app[SERVICE]
    raise _moved(request, await _found(service, get_article_of_id, request.match_info["id"]))


async def _found(service: Service, get: Callable[[Reader, str, Viewer], Awaitable[Article]], name: str) -> Article:
    """Return the article that everybody may see by this name."""
    async with service.database.read() as reader:
        try:
            return await get(reader, name, Viewer.ANONYMOUS)
        except NotFound as error:
            # One sentence for both, so that it tells nobody which articles there are.
            raise NotFound(
                "There is no such article here. Some are for signed-in customers alone: those open in the chat, on the page where you "
                "are signed in."
            ) from error


def _moved(request: web.Request, article: Article) -> web.HTTPMovedPermanently:
    """Lead to the article's address. What leads there may lead elsewhere one day, so nobody is to keep it."""
    # As it was asked: decoded, a `#` or `&` in a value would be read as another thing.
    to = request.rel_url.with_path(article.url, keep_query=True)
    return web.HTTPMovedPermanently(to, headers={"Cache-Control": "no-cache"})


async def _count(request: web.Request, service: Service, article: Article) -> None:
    """Count that the article is read, and that a search led to it."""
    await count_reading(request, service, article.id)
    if "search" in request.query and is_reading(request):
        await note_opened(service, request.query["search"], article.id)


@dataclass(frozen=True)
class _Made:
    """What a page shows that is made of an article's text."""

    body: str
    contents: list[Heading]
    description: str
    minutes: int
    questions: dict[str, Any] | None


def _made_of(article: Article) -> _Made:
    return _Made(
        article_body(article.content),
        contents(article),
        description_of(article),
        max(1, round(len(plain_text(article.content).split()) / READ_A_MINUTE)),
        structured_data.about_questions(article),
    )


def _described(article: Article, text: _Made, service: Service) -> Markup:
    """Return the article as search engines read it."""
    settings, way = service.settings, [*breadcrumbs(article), (article.title, article.url)]
    described = [
        structured_data.about_article(article, site=settings.url, brand=settings.brand, description=text.description),
        structured_data.about_way(way, settings.url),
    ]
    if text.questions is not None:
        described.append(text.questions)
    return structured_data.script(*described)


async def related_to(service: Service, article: Article) -> list[Related]:
    """Return articles to read next; before the knowledge base has loaded, those beside it in its category."""
    if service.retriever is not None:
        return await service.retriever.related(article.slug, Viewer.ANONYMOUS, RELATED)
    async with service.database.read() as reader:
        beside = await same_shelf(reader, article, Viewer.ANONYMOUS, limit=RELATED)
    return [Related(one.id, one.slug, one.title, one.excerpt, one.category, one.url) for one in beside]


async def help_asset(request: web.Request) -> web.StreamResponse:
    """Serve the help centre's style or script; its address changes with its content."""
    name = request.match_info["file"]
    path = pages.DIST / "help" / name
    if not _ASSET.fullmatch(name) or not path.is_file():
        raise NotFound("There is no such file.")
    response = web.FileResponse(path)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


async def to_front_page(_request: web.Request) -> web.Response:
    """Lead from `/help/` to `/help`, which is the one address of the front page."""
    raise web.HTTPMovedPermanently("/help")


async def without_slash(request: web.Request) -> web.Response:
    """Lead from an article's address with a slash at its end to the one without."""
    raise web.HTTPMovedPermanently(request.rel_url.with_path(request.path.rstrip("/"), keep_query=True))


@as_page
async def nothing_there(_request: web.Request) -> web.Response:
    """Say that there is no such page, with the search box."""
    raise NotFound("There is no such page.")


def reading(path: str, handler: Handler, summary: str) -> tuple[Route, Route]:
    """Return the routes of a page: to read it, and to ask whether it is there."""
    return tuple(Route(method, path, handler, summary, documented=False) for method in ("GET", "HEAD"))  # type: ignore[return-value]


ROUTES = (
    *reading("/help", front_page, "The help centre"),
    *reading("/help/", to_front_page, "To the help centre"),
    *reading("/help/category/{category}", category_page, "A category"),
    *reading("/help/assets/{file}", help_asset, "A built file of the help centre"),
    *reading("/help/id/{id}", article_of_id, "To an article's page"),
    *reading("/help/{slug}", article_page, "An article"),
    *reading("/help/{slug}/", without_slash, "To an article's page"),
)
ELSEWHERE = reading("/help/{rest:.*}", nothing_there, "No such page")
"""Comes after every other route below `/help`."""
