"""Versions and drafts of articles, where an article came from, and what an index has to catch up with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("edited_by", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("edited_at", MOMENT, nullable=True),
        sa.Column("changed", JSON, nullable=True),
        sa.Column("source", sa.String(length=120), nullable=True),
        sa.Column("source_id", sa.String(length=400), nullable=True),
        sa.Column("passages_hash", sa.String(length=64), nullable=False, server_default=""),
    ):
        op.add_column("knowledge_articles", column)
    # What an index has noted of these articles stays true: nothing is embedded again.
    op.execute("UPDATE knowledge_articles SET passages_hash = content_hash, edited_at = updated_at")
    op.create_index(
        "ix_knowledge_articles_source_source_id", "knowledge_articles", ["source", "source_id"], unique=False
    )
    op.create_table(
        "knowledge_versions",
        sa.Column("article_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edited_by", sa.String(length=200), nullable=False),
        sa.Column("edited_at", MOMENT, nullable=True),
        sa.Column("changed", JSON, nullable=True),
        sa.Column("written", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["knowledge_articles.id"],
            name=op.f("fk_knowledge_versions_article_id_knowledge_articles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", "number", name=op.f("pk_knowledge_versions")),
    )
    op.create_table(
        "knowledge_drafts",
        sa.Column("article_id", sa.String(length=64), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("edited_by", sa.String(length=200), nullable=False),
        sa.Column("edited_at", MOMENT, nullable=False),
        sa.Column("written", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["knowledge_articles.id"],
            name=op.f("fk_knowledge_drafts_article_id_knowledge_articles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_knowledge_drafts")),
    )
