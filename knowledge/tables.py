"""The tables of the knowledge base.

`knowledge_articles` is the record, `knowledge_versions` what it said before, `knowledge_drafts` what it may say next. Passages are
derived from published articles when these are written; what full text sees is a passage's `terms` (see `knowledge.terms`), the
same words on both databases. With the table of passages comes what `knowledge.full_text_schema` keeps beside it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.database import Json, Moment, metadata
from knowledge.full_text_schema import create_full_text, drop_full_text

articles = sa.Table(
    "knowledge_articles",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("slug", sa.String(200), nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("excerpt", sa.Text, nullable=False, default=""),
    sa.Column("category", sa.String(200), nullable=False, default="", index=True),
    sa.Column("subcategory", sa.String(200), nullable=False, default=""),
    sa.Column("tags", Json, nullable=False),
    sa.Column("audience", sa.String(16), nullable=False),
    sa.Column("visibility", sa.String(16), nullable=False),
    sa.Column("related", Json, nullable=False),
    sa.Column("author", sa.String(200), nullable=False, default=""),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("reviewed_at", Moment),
    sa.Column("helpful", sa.Integer, nullable=False, default=0),
    sa.Column("not_helpful", sa.Integer, nullable=False, default=0),
    sa.Column("views", sa.Integer, nullable=False, default=0),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    # Who made this version, when, and which fields they changed.
    sa.Column("edited_by", sa.String(200), nullable=False, default="", server_default=""),
    sa.Column("edited_at", Moment),
    sa.Column("changed", Json),
    # The last revision that a draft beside it had: the next one has a higher one, whatever became of that draft.
    sa.Column("draft_revision", sa.Integer, nullable=False, default=0, server_default="0"),
    # Where it was imported from, its id there, what it said, and the version that made: a higher version is an editor's.
    sa.Column("source", sa.String(120)),
    sa.Column("source_id", sa.String(400)),
    sa.Column("source_hash", sa.String(64)),
    sa.Column("source_version", sa.Integer),
    # What the passages were made from and how: an index that noted another value is behind.
    sa.Column("passages_hash", sa.String(64), nullable=False, default="", server_default=""),
    sa.CheckConstraint("audience in ('customer', 'internal', 'both')", name="audience"),
    sa.CheckConstraint("visibility in ('public', 'authenticated', 'internal')", name="visibility"),
    sa.CheckConstraint("status in ('draft', 'published')", name="status"),
    sa.Index("ix_knowledge_articles_source_source_id", "source", "source_id"),
    # All that lists count by and are ordered by: a row holds the article's whole text, which SQLite walks through to what lies behind it.
    sa.Index(
        "ix_knowledge_articles_shelf",
        "status",
        "visibility",
        "audience",
        "category",
        "views",
        "title",
        "updated_at",
        "id",
    ),
)

# What the desk's list is ordered by; on SQLite with all that it is narrowed by, for the same reason. PostgreSQL keeps a long text
# outside of its row, and an index there takes no tags of any length.
_NARROWED_BY = "status", "audience", "visibility", "category", "subcategory", "title", "slug", "tags"
for _dialect, _name, _further in (
    ("postgresql", "ix_knowledge_articles_updated", ()),
    ("sqlite", "ix_knowledge_articles_desk", _NARROWED_BY),
):
    _columns = [articles.c[one] for one in ("updated_at", "id", *_further)]
    sa.Index(_name, *_columns, info={"dialect": _dialect}).ddl_if(dialect=_dialect)

versions = sa.Table(
    "knowledge_versions",
    metadata,
    # What an article said before its present version, which is the article's own row.
    sa.Column("article_id", sa.String(64), sa.ForeignKey(articles.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("edited_by", sa.String(200), nullable=False),
    sa.Column("edited_at", Moment),
    sa.Column("changed", Json),
    sa.Column("written", Json, nullable=False),
)

drafts = sa.Table(
    "knowledge_drafts",
    metadata,
    # What an editor is preparing beside a published article. Nothing that searches or shows articles reads this table.
    sa.Column("article_id", sa.String(64), sa.ForeignKey(articles.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("based_on", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("edited_by", sa.String(200), nullable=False),
    sa.Column("edited_at", Moment, nullable=False),
    sa.Column("written", Json, nullable=False),
)

former_slugs = sa.Table(
    "knowledge_former_slugs",
    metadata,
    # What an article was found at before. Whichever has the address now comes first, for readers who may see it.
    sa.Column("slug", sa.String(200), primary_key=True),
    sa.Column(
        "article_id", sa.String(64), sa.ForeignKey(articles.c.id, ondelete="CASCADE"), nullable=False, index=True
    ),
)

passages = sa.Table(
    "knowledge_passages",
    metadata,
    # Never used twice: a vector of a deleted passage must not be taken for another's.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column(
        "article_id", sa.String(64), sa.ForeignKey(articles.c.id, ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("heading", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # 0 public, 1 authenticated, 2 internal: who may see it, beside what is searched, so that a search decides it itself.
    sa.Column("level", sa.SmallInteger, nullable=False),
    # The words of title, headings and body, one line each, as `knowledge.terms` made them.
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("length", sa.Integer, nullable=False),
    # How many passages a viewer may see, and how long they are, without reading the passages.
    sa.Index("ix_knowledge_passages_level_length", "level", "length"),
    sqlite_autoincrement=True,
)

generations = sa.Table(
    "knowledge_generations",
    metadata,
    # Rises with every change of a passage, so that what was counted over all of them is known to be old.
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)

votes = sa.Table(
    "knowledge_votes",
    metadata,
    sa.Column("article_id", sa.String(64), sa.ForeignKey(articles.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("voter", sa.String(80), primary_key=True),
    sa.Column("helpful", sa.Boolean, nullable=False),
    sa.Column("words", sa.Text, nullable=False, default=""),
    sa.Column("voted_at", Moment, nullable=False),
)

reviews = sa.Table(
    "knowledge_reviews",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column(
        "article_id", sa.String(64), sa.ForeignKey(articles.c.id, ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("opened_at", Moment, nullable=False),
    # As counted when it was opened, and from when: votes before the review before it do not count.
    sa.Column("helpful", sa.Integer, nullable=False),
    sa.Column("not_helpful", sa.Integer, nullable=False),
    sa.Column("counted_since", Moment),
    sa.Column("reasons", Json, nullable=False),
    sa.Column("article_version", sa.Integer, nullable=False),
    sa.Column("closed_at", Moment, index=True),
    sa.Column("closed_by", sa.String(40)),
    sa.Column("closed_by_name", sa.String(200)),
    sa.Column("outcome", sa.String(16)),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("closed_version", sa.Integer),
    sa.CheckConstraint("outcome in ('rewritten', 'fine', 'archived')", name="outcome"),
    sa.CheckConstraint("(closed_at is null) = (outcome is null)", name="closed"),
)
sa.Index(
    "uq_knowledge_reviews_open",
    reviews.c.article_id,
    unique=True,
    sqlite_where=reviews.c.closed_at.is_(None),
    postgresql_where=reviews.c.closed_at.is_(None),
)

searches = sa.Table(
    "knowledge_searches",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("surface", sa.String(32), nullable=False),
    sa.Column("viewer", sa.String(16), nullable=False),
    sa.Column("results", Json, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("conversation_id", sa.String(40), index=True),
    sa.Column("opened", sa.String(64)),
    sa.Column("searched_at", Moment, nullable=False, index=True),
    # What the question comes down to (`knowledge.searches.form_of`): equal for the same words in another order or form.
    sa.Column("form", sa.String(32), nullable=False, index=True, server_default=""),
    sa.Column("voted_article", sa.String(64)),
    sa.Column("vote", sa.Boolean),
    sa.Column("handed_over_at", Moment),
)
sa.Index(
    "ix_knowledge_searches_voted_article",
    searches.c.voted_article,
    sqlite_where=searches.c.voted_article.is_not(None),
    postgresql_where=searches.c.voted_article.is_not(None),
)

openings = sa.Table(
    "knowledge_openings",
    metadata,
    # That an article was opened from a conversation's chat, and when first.
    sa.Column("conversation_id", sa.String(40), primary_key=True),
    sa.Column("article_id", sa.String(64), primary_key=True),
    # "answer": from the card of an answer; "suggestion": read in the widget, where it was suggested for a page.
    sa.Column("led_by", sa.String(16), nullable=False),
    sa.Column("opened_at", Moment, nullable=False, index=True),
    sa.CheckConstraint("led_by in ('answer', 'suggestion')", name="led_by"),
)

indexed_articles = sa.Table(
    "knowledge_indexed_articles",
    metadata,
    # A vector index by its own name: another folder, another model or another generation has other rows.
    sa.Column("index_name", sa.String(80), primary_key=True),
    sa.Column("article_id", sa.String(64), primary_key=True),
    # The article's `passages_hash` when its vectors were made.
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("model_id", sa.String(120), nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("passage_ids", Json, nullable=False),
)


@sa.event.listens_for(passages, "after_create")
def _create_with_table(_table: sa.Table, connection: sa.Connection, **_: Any) -> None:
    create_full_text(connection)


@sa.event.listens_for(passages, "before_drop")
def _drop_with_table(_table: sa.Table, connection: sa.Connection, **_: Any) -> None:
    drop_full_text(connection)
