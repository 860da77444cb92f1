"""The desk's list of articles is read from an index, in the order of their last change."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

NARROWED_BY = ["status", "audience", "visibility", "category", "subcategory", "title", "slug", "tags"]


def upgrade() -> None:
    order = ["updated_at", "id"]
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_knowledge_articles_updated", "knowledge_articles", order, unique=False)
    else:
        op.create_index("ix_knowledge_articles_desk", "knowledge_articles", order + NARROWED_BY, unique=False)
