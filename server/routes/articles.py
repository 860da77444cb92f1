"""Articles for who edits them at the desk: the list, one with its draft, publishing, versions, a preview."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from aiohttp import web

from core.errors import Invalid, NotFound
from handoff.records import Staff
from knowledge import editing
from knowledge.deletion import was_published
from knowledge.editing import Editor
from knowledge.editors_list import categories_for_editors, count_for_editors, named_like, rows_for_editors, titles_of
from knowledge.history import list_versions, present_version, read_version
from knowledge.reviews import open_review_of
from knowledge.versions import LONGEST_CONTENT, read_draft
from server.api import LARGEST_INTEGER, Route, checked, read_body
from server.article_requests import (
    ArticlesQuery,
    DeletionQuery,
    DraftBody,
    NewArticleBody,
    PreviewBody,
    PublishBody,
    RestoreBody,
    RevisionQuery,
    UnpublishBody,
    VersionsQuery,
    WordsQuery,
    after_place,
    place_after,
)
from server.article_views import (
    ArticleDetailView,
    ArticlesView,
    NamedArticlesView,
    NamedArticleView,
    PreviewView,
    VersionsView,
    VersionView,
    category_view,
    detail_view,
    entry_view,
    row_view,
    version_view,
)
from server.help_content import article_body
from server.making import MAKING
from server.service import SERVICE
from server.staff_auth import EDITING, signed_in

OFFERED = 8
"""Articles offered for the field of related ones."""
_NUMBER = re.compile(r"[0-9]{1,10}")


async def get_articles(request: web.Request) -> web.Response:
    """List articles, drafts too, the one changed last first."""
    await signed_in(request, EDITING)
    query = checked(dict(request.query), ArticlesQuery)
    after = place_after(query.after)
    async with request.app[SERVICE].database.read() as reader:
        found = await rows_for_editors(reader, query.narrowed, limit=query.limit + 1, after=after)
        total = await count_for_editors(reader, query.narrowed)
        categories = await categories_for_editors(reader) if query.categories else None
    page = found[: query.limit]
    view = ArticlesView(
        articles=[row_view(row) for row in page],
        next=after_place(page[-1].place) if len(found) > len(page) else None,
        total=total,
        categories=None if categories is None else [category_view(one) for one in categories],
    )
    return web.json_response(view)


async def get_suggestions(request: web.Request) -> web.Response:
    """Offer articles for what has been typed of a title."""
    await signed_in(request, EDITING)
    query = checked(dict(request.query), WordsQuery)
    async with request.app[SERVICE].database.read() as reader:
        found = await named_like(reader, query.q, limit=OFFERED)
    return web.json_response(
        NamedArticlesView(articles=[NamedArticleView(id=one, title=title) for one, title in found])
    )


async def get_one_article(request: web.Request) -> web.Response:
    """Return one article with its draft."""
    await signed_in(request, EDITING)
    return await _detail(request)


async def post_article(request: web.Request) -> web.Response:
    """Make an article, which is a draft until it is published."""
    editor = await _editor(request)
    body = await read_body(request, NewArticleBody)
    made = await editing.create(request.app[SERVICE].database, body.fields, editor, article_id=body.id)
    return await _detail(request, made, status=201)


async def put_draft(request: web.Request) -> web.Response:
    """Keep a change that nobody but editors sees."""
    editor = await _editor(request)
    with _bare_names():
        body = await read_body(request, DraftBody)
    await editing.save(
        request.app[SERVICE].database,
        request.match_info["id"],
        body.fields.fields,
        editor,
        based_on=body.based_on,
        revision=body.revision,
    )
    return await _detail(request)


async def delete_draft(request: web.Request) -> web.Response:
    """Forget the draft; one that has gone already stays so."""
    await _editor(request)
    query = checked(dict(request.query), RevisionQuery)
    await editing.discard(request.app[SERVICE].database, request.match_info["id"], revision=query.revision)
    return await _detail(request)


async def delete_one_article(request: web.Request) -> web.Response:
    """Delete an article that was never published; one that has gone already stays so."""
    await _editor(request)
    query = checked(dict(request.query), DeletionQuery)
    await editing.delete(
        request.app[SERVICE].database,
        request.match_info["id"],
        based_on=query.based_on,
        revision=query.revision,
    )
    return web.json_response({})


async def post_publish(request: web.Request) -> web.Response:
    """Show an article, with its draft's words where there is one."""
    editor = await _editor(request)
    body = await read_body(request, PublishBody)
    await editing.show(
        request.app[SERVICE].database,
        request.match_info["id"],
        editor,
        based_on=body.based_on,
        revision=body.revision,
    )
    return await _detail(request)


async def post_unpublish(request: web.Request) -> web.Response:
    """Take an article out of publication."""
    editor = await _editor(request)
    body = await read_body(request, UnpublishBody)
    await editing.take_out(request.app[SERVICE].database, request.match_info["id"], editor, based_on=body.based_on)
    return await _detail(request)


async def post_restore(request: web.Request) -> web.Response:
    """Make what an earlier version said the next one."""
    editor = await _editor(request)
    body = await read_body(request, RestoreBody)
    await editing.restore(
        request.app[SERVICE].database, request.match_info["id"], body.number, editor, based_on=body.based_on
    )
    return await _detail(request)


async def get_versions(request: web.Request) -> web.Response:
    """List an article's versions, the present one first."""
    await signed_in(request, EDITING)
    query = checked(dict(request.query), VersionsQuery)
    async with request.app[SERVICE].database.read() as reader:
        found = await list_versions(reader, request.match_info["id"], limit=query.limit + 1, before=query.before)
    page = found[: query.limit]
    more = len(found) > len(page)
    return web.json_response(
        VersionsView(versions=[entry_view(one) for one in page], next=page[-1].number if more else None)
    )


async def get_one_version(request: web.Request) -> web.Response:
    """Return what a version said."""
    await signed_in(request, EDITING)
    number = request.match_info["number"]
    if not (_NUMBER.fullmatch(number) and int(number) <= LARGEST_INTEGER):
        raise NotFound("There is no such version.")
    async with request.app[SERVICE].database.read() as reader:
        version = await read_version(reader, request.match_info["id"], int(number))
    return web.json_response(version_view(version))


async def post_preview(request: web.Request) -> web.Response:
    """Render an article's text as the help centre would. Nothing is kept."""
    await signed_in(request, EDITING)
    body = await read_body(request, PreviewBody)
    if len(body.content) > LONGEST_CONTENT:
        raise Invalid(f"The text is longer than {LONGEST_CONTENT:,} characters. Shorten it.", field="content")
    return web.json_response(PreviewView(html=await request.app[MAKING].of_text(article_body, body.content)))


@contextlib.contextmanager
def _bare_names() -> Iterator[None]:
    """Name a field of the article as it is called, not by its place in the request."""
    try:
        yield
    except Invalid as error:
        if error.field is not None and error.field.startswith("fields."):
            name = error.field.split(".")[1]
            raise Invalid(f"{name}: {error.message.partition(': ')[2]}", field=name) from error
        raise


async def _editor(request: web.Request) -> Editor:
    member: Staff = await signed_in(request, EDITING)
    return Editor(member.name, request.app[SERVICE].clock.now())


async def _detail(request: web.Request, article_id: str | None = None, *, status: int = 200) -> web.Response:
    async with request.app[SERVICE].database.read() as reader:
        present = await present_version(reader, article_id or request.match_info["id"])
        draft = await read_draft(reader, present.article_id)
        review_id = await open_review_of(reader, present.article_id)
        named = {*present.article.related, *(() if draft is None else draft.article.related)}
        titles = await titles_of(reader, named)
        deletable = not await was_published(reader, present.article_id)
    return web.json_response(detail_view(present, draft, review_id, titles, deletable=deletable), status=status)


_ALL = "/api/desk/articles"
_ONE = _ALL + "/{id}"
ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, get_articles, "Articles for editors", auth="staff", query=ArticlesQuery, returns=ArticlesView),
    Route("POST", _ALL, post_article, "Make an article", auth="staff", body=NewArticleBody, returns=ArticleDetailView, status=201),
    Route("POST", _ALL + "/preview", post_preview, "A text as the help centre shows it", auth="staff",
          body=PreviewBody, returns=PreviewView),
    Route("GET", "/api/desk/article-suggestions", get_suggestions, "Articles by words of their titles", auth="staff",
          query=WordsQuery, returns=NamedArticlesView),
    Route("GET", _ONE, get_one_article, "An article with its draft", auth="staff", returns=ArticleDetailView),
    Route("DELETE", _ONE, delete_one_article, "Delete an article that was never published", auth="staff", query=DeletionQuery),
    Route("PUT", _ONE + "/draft", put_draft, "Keep a draft", auth="staff", body=DraftBody, returns=ArticleDetailView),
    Route("DELETE", _ONE + "/draft", delete_draft, "Forget a draft", auth="staff", query=RevisionQuery, returns=ArticleDetailView),
    Route("POST", _ONE + "/publish", post_publish, "Publish an article", auth="staff", body=PublishBody, returns=ArticleDetailView),
    Route("POST", _ONE + "/unpublish", post_unpublish, "Take an article out", auth="staff", body=UnpublishBody, returns=ArticleDetailView),
    Route("POST", _ONE + "/restore", post_restore, "Restore a version", auth="staff", body=RestoreBody, returns=ArticleDetailView),
    Route("GET", _ONE + "/versions", get_versions, "An article's versions", auth="staff", query=VersionsQuery, returns=VersionsView),
    Route("GET", _ONE + "/versions/{number}", get_one_version, "What a version said", auth="staff", returns=VersionView),
)  # fmt: skip
