"""What the desk's page of articles reads: lists, one article with its draft, versions. `server.article_requests` is what it sends."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import TypedDict

from core.clock import iso, iso_or_none
from knowledge.articles import Article, Audience, Visibility, article_url
from knowledge.editors_list import CategoryCount, Row
from knowledge.history import Entry, Version
from knowledge.versions import Draft


class ArticleVotesView(TypedDict):
    """How often readers said that it helped, and that it did not."""

    helpful: int
    not_helpful: int


class ArticleRowView(TypedDict):
    """An article in the list. `url` is its public page, null while it has none; `review_id` its open review."""

    id: str
    slug: str
    title: str
    category: str
    subcategory: str
    audience: Audience
    visibility: Visibility
    status: str
    has_draft: bool
    version: int
    updated_at: str
    edited_by: str
    votes: ArticleVotesView
    views: int
    review_id: str | None
    url: str | None


class CategoryCountView(TypedDict):
    """A category as articles write it, how many there are, drafts too, and its subcategories."""

    name: str
    articles: int
    subcategories: list[str]


class ArticlesView(TypedDict):
    """A page of the list; `total` counts all its pages, `next` is null on the last, `categories` where they were not asked for."""

    articles: list[ArticleRowView]
    next: str | None
    total: int
    categories: list[CategoryCountView] | None


class ArticleFieldsView(TypedDict):
    """What an editor writes of an article."""

    slug: str
    title: str
    content: str
    excerpt: str
    category: str
    subcategory: str
    tags: list[str]
    audience: Audience
    visibility: Visibility
    related: list[str]
    author: str


class EditedArticleView(TypedDict):
    """An article as it is now. It is deletable while no reader ever saw it."""

    id: str
    version: int
    status: str
    created_at: str
    updated_at: str
    edited_by: str
    url: str | None
    votes: ArticleVotesView
    views: int
    review_id: str | None
    deletable: bool
    fields: ArticleFieldsView


class DraftView(TypedDict):
    """A change that is not published; stale when the version it was begun on is not the present one."""

    revision: int
    based_on: int
    by: str
    at: str
    stale: bool
    fields: ArticleFieldsView


class NamedArticleView(TypedDict):
    """An article by its name."""

    id: str
    title: str


class ArticleDetailView(TypedDict):
    """An article, the draft beside it, and the titles of the related articles that either names."""

    article: EditedArticleView
    draft: DraftView | None
    related: list[NamedArticleView]


class NamedArticlesView(TypedDict):
    """Articles by name."""

    articles: list[NamedArticleView]


class VersionEntryView(TypedDict):
    """A version in the list; `at` is null for one of before it was noted."""

    number: int
    by: str
    at: str | None
    changed: list[str]
    status: str


class VersionsView(TypedDict):
    """A page of versions, the newest first; `next` is the `before` of the following page, null on the last."""

    versions: list[VersionEntryView]
    next: int | None


class VersionView(VersionEntryView):
    """A version with its words."""

    fields: ArticleFieldsView


class PreviewView(TypedDict):
    """Sanitised HTML."""

    html: str


def category_view(category: CategoryCount) -> CategoryCountView:
    """Show a category with how many articles it has."""
    return CategoryCountView(name=category.name, articles=category.count, subcategories=list(category.subcategories))


def row_view(row: Row) -> ArticleRowView:
    """Show an article of the list."""
    return ArticleRowView(
        id=row.id,
        slug=row.slug,
        title=row.title,
        category=row.category,
        subcategory=row.subcategory,
        audience=row.audience,
        visibility=row.visibility,
        status=row.status,
        has_draft=row.has_draft,
        version=row.version,
        updated_at=iso(row.updated_at),
        edited_by=row.edited_by,
        votes=ArticleVotesView(helpful=row.helpful, not_helpful=row.not_helpful),
        views=row.views,
        review_id=row.review_id,
        url=article_url(row.slug) if row.is_public else None,
    )


def detail_view(
    present: Version, draft: Draft | None, review_id: str | None, titles: Mapping[str, str], *, deletable: bool
) -> ArticleDetailView:
    """Show an article with its draft."""
    article = present.article
    shown = EditedArticleView(
        id=article.id,
        version=present.number,
        status=article.status,
        created_at=iso(article.created),
        updated_at=iso(article.updated),
        edited_by=present.by,
        url=article.url if article.is_public else None,
        votes=ArticleVotesView(helpful=article.helpful, not_helpful=article.not_helpful),
        views=article.views,
        review_id=review_id,
        deletable=deletable,
        fields=fields_view(article),
    )
    related = [NamedArticleView(id=name, title=title) for name, title in sorted(titles.items())]
    return ArticleDetailView(
        article=shown, draft=None if draft is None else _draft_view(draft, present.number), related=related
    )


def fields_view(article: Article) -> ArticleFieldsView:
    """Show what an editor writes."""
    return ArticleFieldsView(
        slug=article.slug,
        title=article.title,
        content=article.content,
        excerpt=article.excerpt,
        category=article.category,
        subcategory=article.subcategory,
        tags=list(article.tags),
        audience=article.audience,
        visibility=article.visibility,
        related=list(article.related),
        author=article.author,
    )


def entry_view(entry: Entry) -> VersionEntryView:
    """Show a version in the list."""
    return VersionEntryView(
        number=entry.number,
        by=entry.by,
        at=iso_or_none(entry.at),
        changed=list(entry.changed),
        status=entry.status,
    )


def version_view(version: Version) -> VersionView:
    """Show a version with its words."""
    return VersionView(
        number=version.number,
        by=version.by,
        at=iso_or_none(version.at),
        changed=list(version.changed),
        status=version.article.status,
        fields=fields_view(version.article),
    )


def _draft_view(draft: Draft, present: int) -> DraftView:
    return DraftView(
        revision=draft.revision,
        based_on=draft.based_on,
        by=draft.by,
        at=iso(draft.at),
        stale=draft.stale_on(present),
        fields=fields_view(draft.article),
    )
