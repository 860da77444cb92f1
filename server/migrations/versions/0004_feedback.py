"""The feedback loop: reviews of articles, what followed a search, and groups of questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from knowledge.searches import form_of

revision = "0004"
down_revision = "0003"

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "knowledge_reviews",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("article_id", sa.String(length=64), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("helpful", sa.Integer(), nullable=False),
        sa.Column("not_helpful", sa.Integer(), nullable=False),
        sa.Column("counted_since", MOMENT, nullable=True),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("article_version", sa.Integer(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", sa.String(length=40), nullable=True),
        sa.Column("closed_by_name", sa.String(length=200), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("closed_version", sa.Integer(), nullable=True),
        sa.CheckConstraint("outcome in ('rewritten', 'fine', 'archived')", name=op.f("ck_knowledge_reviews_outcome")),
        sa.CheckConstraint("(closed_at is null) = (outcome is null)", name=op.f("ck_knowledge_reviews_closed")),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["knowledge_articles.id"],
            name=op.f("fk_knowledge_reviews_article_id_knowledge_articles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_reviews")),
    )
    op.create_index(op.f("ix_knowledge_reviews_article_id"), "knowledge_reviews", ["article_id"], unique=False)
    op.create_index(op.f("ix_knowledge_reviews_closed_at"), "knowledge_reviews", ["closed_at"], unique=False)
    op.create_index(
        "uq_knowledge_reviews_open",
        "knowledge_reviews",
        ["article_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "question_groups",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("model_id", sa.String(length=120), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("sum", sa.LargeBinary(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_groups")),
    )
    op.create_index(op.f("ix_question_groups_changed"), "question_groups", ["changed"], unique=False)
    op.create_table(
        "question_forms",
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("group_id", sa.String(length=40), nullable=False),
        sa.Column("model_id", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("form", name=op.f("pk_question_forms")),
    )
    op.create_index(op.f("ix_question_forms_group_id"), "question_forms", ["group_id"], unique=False)
    op.create_table(
        "question_changes",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_question_changes")),
    )
    op.add_column("knowledge_searches", sa.Column("form", sa.String(length=32), server_default="", nullable=False))
    op.add_column("knowledge_searches", sa.Column("voted_article", sa.String(length=64), nullable=True))
    op.add_column("knowledge_searches", sa.Column("vote", sa.Boolean(), nullable=True))
    op.add_column("knowledge_searches", sa.Column("handed_over_at", MOMENT, nullable=True))
    op.create_index(op.f("ix_knowledge_searches_form"), "knowledge_searches", ["form"], unique=False)
    # Six values in all: it led SQLite to read the whole log for a report on one month.
    op.drop_index(op.f("ix_knowledge_searches_surface"), table_name="knowledge_searches")
    _tell_old_questions_by_their_form()


def _tell_old_questions_by_their_form() -> None:
    connection = op.get_bind()
    searches = sa.table("knowledge_searches", sa.column("id"), sa.column("question"), sa.column("form"))
    old = connection.execute(sa.select(searches.c.id, searches.c.question)).all()
    for row in old:
        changed = sa.update(searches).where(searches.c.id == row.id).values(form=form_of(row.question))
        connection.execute(changed)
