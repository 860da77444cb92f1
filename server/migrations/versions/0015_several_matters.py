"""All that a message asks for is kept, where it asks for several things."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("understandings", sa.Column("intents", JSON, server_default="[]", nullable=False))
