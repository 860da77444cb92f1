"""Who has a turn answered, when a conversation was queued, and which frames were handled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("messages", sa.Column("runner", sa.String(length=40), nullable=True))
    op.create_index(
        "ix_messages_pending",
        "messages",
        ["conversation_id", "seq"],
        unique=False,
        sqlite_where=sa.text("turn = 'pending'"),
        postgresql_where=sa.text("turn = 'pending'"),
    )
    op.add_column("conversations", sa.Column("queued_at", MOMENT, nullable=True))
    # The best that is known of those who wait now: nobody noted when they began.
    op.execute("UPDATE conversations SET queued_at = updated_at WHERE owner = 'queue'")
    op.create_table(
        "handled_frames",
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=60), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_handled_frames_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "client_id", name=op.f("pk_handled_frames")),
    )
