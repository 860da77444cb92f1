"""Which articles were opened from a chat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "knowledge_openings",
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("article_id", sa.String(length=64), nullable=False),
        sa.Column("led_by", sa.String(length=16), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("led_by in ('answer', 'suggestion')", name=op.f("ck_knowledge_openings_led_by")),
        sa.PrimaryKeyConstraint("conversation_id", "article_id", name=op.f("pk_knowledge_openings")),
    )
    op.create_index(op.f("ix_knowledge_openings_opened_at"), "knowledge_openings", ["opened_at"], unique=False)
