"""Versions of the SLA rules, escalations, and what members of staff are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import Json

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "sla_rule_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.String(length=40), nullable=True),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("for_open_tickets", sa.Boolean(), nullable=False),
        sa.Column("applied_through", sa.String(length=40), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_sla_rule_versions")),
    )
    op.create_table(
        "sla_escalations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("clock_id", sa.String(length=40), nullable=False),
        sa.Column("ticket_id", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("rule_snapshot", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("firing", sa.String(length=8), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clock_id"], ["sla_clocks.id"], name=op.f("fk_sla_escalations_clock_id_sla_clocks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_escalations")),
        sa.UniqueConstraint("clock_id", "rule", "since", name=op.f("uq_sla_escalations_clock_id_rule_since")),
    )
    op.create_index(op.f("ix_sla_escalations_ticket_id"), "sla_escalations", ["ticket_id"], unique=False)
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_sla_escalations_due", "sla_escalations", ["due_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_table(
        "staff_notifications",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_notifications_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_notifications")),
        sa.UniqueConstraint("staff_id", "key", name=op.f("uq_staff_notifications_staff_id_key")),
    )
    op.create_index("ix_staff_notifications_staff_id_at", "staff_notifications", ["staff_id", "at"], unique=False)
