"""Lists of the help centre are read from an index."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index(
        "ix_knowledge_articles_shelf",
        "knowledge_articles",
        ["status", "visibility", "audience", "category", "views", "title", "updated_at", "id"],
        unique=False,
    )
