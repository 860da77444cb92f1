"""A draft's revision is never used again, so that what was seen of a draft that is gone is not taken for the one after it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("knowledge_articles", sa.Column("draft_revision", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE knowledge_articles SET draft_revision ="
        " (SELECT revision FROM knowledge_drafts WHERE knowledge_drafts.article_id = knowledge_articles.id)"
        " WHERE id IN (SELECT article_id FROM knowledge_drafts)"
    )
