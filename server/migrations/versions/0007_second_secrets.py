"""Which conversation a further secret of a signed-in customer opens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("visitors", sa.Column("conversation_id", sa.String(length=40), nullable=True))
