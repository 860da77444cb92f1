"""The queue is read in its order, as far as somebody is shown their place: clocks by deadline, what waits by when it came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

COUNTS_DOWN = sa.text("state IN ('running', 'breached') AND met_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_sla_clocks_due_at",
        "sla_clocks",
        ["due_at", "ticket_id"],
        unique=False,
        sqlite_where=COUNTS_DOWN,
        postgresql_where=COUNTS_DOWN,
    )
    op.create_index("ix_conversations_owner_queued_at", "conversations", ["owner", "queued_at"], unique=False)
    op.drop_index(op.f("ix_conversations_owner"), table_name="conversations")
