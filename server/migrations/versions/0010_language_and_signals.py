"""What a message shows beside its intent: a language that the assistant does not understand, and signals with their evidence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("understandings", sa.Column("language", sa.String(length=8), nullable=True))
    op.add_column("understandings", sa.Column("signals", JSON, server_default="[]", nullable=False))
