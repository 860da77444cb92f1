"""The tables of question groups: which wordings of the log of searches ask the same."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import metadata

forms = sa.Table(
    "question_forms",
    metadata,
    # `knowledge_searches.form`, and the group that it belongs to. No text is kept here.
    sa.Column("form", sa.String(32), primary_key=True),
    sa.Column("group_id", sa.String(40), nullable=False, index=True),
    sa.Column("model_id", sa.String(120), nullable=False),
)

groups = sa.Table(
    "question_groups",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("model_id", sa.String(120), nullable=False),
    # The group's terms with digits: `err402` and `err403` are near in meaning and not the same question.
    sa.Column("figures", sa.Text, nullable=False),
    # Sum of its forms' vectors, little-endian float32: its direction is the group's centre.
    sa.Column("sum", sa.LargeBinary, nullable=False),
    # The number of the change that last touched it, so that another process reads only what is new.
    sa.Column("changed", sa.Integer, nullable=False, index=True),
)

changes = sa.Table(
    "question_changes",
    metadata,
    # One row, locked while groups are changed.
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)
