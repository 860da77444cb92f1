"""What the widget shows before anybody types: articles for the page it is on, and an article to read within the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from handoff.visitors import Visitor
from knowledge.articles import Article, Viewer
from knowledge.catalogue import Summary, summaries_of
from knowledge.openings import LedBy, note_opening
from knowledge.rendering import render
from knowledge.store import get_article
from server.api import SMALL_BODY, Route, read_body
from server.callers import check_origin, known_visitor, remote
from server.help_content import SNIPPET, shortened
from server.help_views import count_reading
from server.limits import limit
from server.making import MAKING
from server.page_question import path_of, question_of_page
from server.service import SERVICE

if TYPE_CHECKING:
    from knowledge.results import SearchOutcome

MOST = 3
FAIR = 0.3
"""Confidence from which on articles are suggested. Nobody has asked, so a card that misses costs a glance, not an answer."""
NEAR_THE_BEST = 0.75
"""Share of the best article's score from which on another is suggested beside it."""


def _cut(most: int) -> AfterValidator:
    return AfterValidator(lambda text: text[:most])


class PageBody(BaseModel):
    """The page that the widget is on. What is too long is cut. Nothing of it is kept."""

    model_config = ConfigDict(extra="ignore")

    url: Annotated[str, _cut(2_000)] = Field("", description="Without its query string, which is not read.")
    title: Annotated[str, _cut(300)] = ""
    context: Annotated[str, _cut(300)] = Field("", description="What the host site says that the page is about.")


class SuggestedArticle(TypedDict):
    """An article that may answer what brings somebody to a page."""

    article_id: str
    slug: str
    title: str
    snippet: str
    url: str


class SuggestionsView(TypedDict):
    """Up to three articles, best first; none where the search is not fairly sure."""

    suggestions: list[SuggestedArticle]


class ArticleView(TypedDict):
    """An article, rendered and sanitised. `url` is null where it cannot be read without being signed in."""

    article_id: str
    slug: str
    title: str
    category: str
    html: str
    url: str | None
    updated_at: str


async def suggest(request: web.Request) -> web.Response:
    """Suggest articles for a page. The search is not logged: nobody asked it."""
    service = request.app[SERVICE]
    check_origin(request, service)
    page = await read_body(request, PageBody, most=SMALL_BODY)
    most = service.settings.searches_per_minute
    await limit(service.counters, service.clock, "suggestions", remote(request, service), most=most)
    brand = service.settings.brand
    question = question_of_page(page.url, page.title, page.context, site_names=(brand, f"{brand} Help"))
    view: SuggestionsView = {"suggestions": []}
    if question:
        viewer = _viewer(await known_visitor(request, service))
        outcome = await service.knowledge().search(question, viewer=viewer, limit=MOST + 1, log=False)
        near = _near(outcome, path_of(page.url))
        async with service.database.read() as reader:
            found = await summaries_of(reader, near, viewer)
        view["suggestions"] = [_suggestion(found[one]) for one in near if one in found]
    return web.json_response(view, headers={"Cache-Control": "no-store"})


async def read_article(request: web.Request) -> web.Response:
    """Return an article to be read within the widget, an authenticated one too where the visitor is a known customer.

    The widget leads to it by an answer's card (`from=answer`) or by a suggestion: reading it is noted as that visitor's opening.
    """
    service = request.app[SERVICE]
    check_origin(request, service)
    visitor = await known_visitor(request, service)
    async with service.database.read() as reader:
        article = await get_article(reader, request.match_info["slug"], _viewer(visitor))
    await count_reading(request, service, article.id)
    if visitor is not None:
        async with service.database.write() as tx:
            led_by: LedBy = "answer" if request.query.get("from") == "answer" else "suggestion"
            await note_opening(tx, visitor.conversation.id, article.id, led_by, at=service.clock.now())
    view: ArticleView = {
        "article_id": article.id,
        "slug": article.slug,
        "title": article.title,
        "category": article.category,
        "html": await request.app[MAKING].of_article(_body, article),
        "url": article.url if article.is_public else None,
        "updated_at": article.updated.isoformat(),
    }
    return web.json_response(view, headers={"Cache-Control": "no-store"})


def _body(article: Article) -> str:
    return render(article.content)


def _near(outcome: SearchOutcome, path: str) -> list[str]:
    """Return the ids of what is worth suggesting on the page at `path`, best first; not the page itself."""
    if outcome.confidence < FAIR:
        return []
    best = outcome.results[0].score
    near = [result for result in outcome.results if result.score >= best * NEAR_THE_BEST and result.url != path]
    return [result.article_id for result in near[:MOST]]


def _suggestion(one: Summary) -> SuggestedArticle:
    snippet = shortened(one.excerpt, SNIPPET)
    return {"article_id": one.id, "slug": one.slug, "title": one.title, "snippet": snippet, "url": one.url}


def _viewer(visitor: Visitor | None) -> Viewer:
    """Return what a visitor may see: a known customer more, anybody else nothing beyond the public."""
    return Viewer.ANONYMOUS if visitor is None or visitor.customer_id is None else Viewer.CUSTOMER


ROUTES = (
    Route(
        "POST", "/api/chat/suggestions", suggest, "Articles for the page that the widget is on",
        body=PageBody, returns=SuggestionsView,
    ),
    Route("GET", "/api/chat/articles/{slug}", read_article, "An article to read in the widget", returns=ArticleView),
)  # fmt: skip
