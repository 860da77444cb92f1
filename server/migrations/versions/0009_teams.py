"""Teams, what is known of the staff for routing, and the language of a conversation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("conversations", sa.Column("language", sa.String(length=16), nullable=True))
    for name in ("teams", "skills", "languages"):
        op.add_column("staff", sa.Column(name, JSON, nullable=False, server_default="[]"))
    op.add_column("staff", sa.Column("capacity", sa.Integer(), nullable=False, server_default="5"))
    op.add_column("staff", sa.Column("hours", JSON, nullable=True))
    op.add_column("staff", sa.Column("password_once", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "teams",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("assignment", sa.String(length=16), nullable=True),
        sa.Column("hours", JSON, nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_teams")),
    )
