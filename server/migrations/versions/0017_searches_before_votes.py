"""What was searched before an article's votes is found without reading the whole log; few searches lead to a vote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

VOTED = sa.text("voted_article IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_knowledge_searches_voted_article",
        "knowledge_searches",
        ["voted_article"],
        unique=False,
        sqlite_where=VOTED,
        postgresql_where=VOTED,
    )
