"""The tables of conversations, what was said in them, and the staff who answer."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import Json, Moment, metadata

CAPACITY = 5
"""Conversations that a member of staff has at once, until somebody says otherwise."""

visitors = sa.Table(
    "visitors",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("token_fingerprint", sa.String(64), nullable=False, unique=True),
    sa.Column("customer_id", sa.String(40), index=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("conversation_id", sa.String(40)),
)
"""`conversation_id` is the conversation that a customer's further device or sign-in goes on with; a visitor without one has their own."""

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("visitor_id", sa.String(40), sa.ForeignKey("visitors.id"), nullable=False, index=True),
    sa.Column("customer_id", sa.String(40), index=True),
    sa.Column("channel", sa.String(16), nullable=False, default="widget"),
    sa.Column("owner", sa.String(48), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("messages", sa.Integer, nullable=False, default=0),
    sa.Column("ticket_id", sa.String(40), index=True),
    sa.Column("last_ticket_id", sa.String(40), index=True),
    sa.Column("reason", sa.String(32)),
    sa.Column("email", sa.String(254)),
    sa.Column("page_url", sa.String(2000)),
    sa.Column("page_title", sa.String(300)),
    sa.Column("rating_ticket_id", sa.String(40)),
    sa.Column("rating_score", sa.Integer),
    sa.Column("queued_at", Moment),
    sa.Column("language", sa.String(16)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False, index=True),
    sa.Index("ix_conversations_owner_queued_at", "owner", "queued_at"),
)
"""`queued_at` is when the queue last became the owner; a message moves `updated_at`, and not this.
`language` is the browser's, such as `de`."""

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("conversation_id", sa.String(40), sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("author_kind", sa.String(16), nullable=False),
    sa.Column("author_id", sa.String(40)),
    sa.Column("author_name", sa.String(200), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("client_id", sa.String(100)),
    sa.Column("answer", Json),
    sa.Column("notice", Json),
    sa.Column("buttons", Json),
    sa.Column("payload", sa.Text),
    sa.Column("turn", sa.String(16)),
    sa.Column("turn_lease", Moment),
    sa.Column("runner", sa.String(40)),
    sa.Column("at", Moment, nullable=False),
    sa.UniqueConstraint("conversation_id", "seq"),
    sa.UniqueConstraint("conversation_id", "author_kind", "client_id"),
)
"""`buttons` are what the service issued: id, title, payload.

`turn` is `pending`, `answered`, `failed` or `dropped` on what the bot is to answer. `runner` is the process that has it answered, until
`turn_lease` ends."""

PENDING = messages.c.turn == sa.literal_column("'pending'")
"""What a partial index is of. Written out in the statement: with a parameter in its place no database would use the index."""

sa.Index("ix_messages_turn_lease", messages.c.turn_lease, sqlite_where=PENDING, postgresql_where=PENDING)
sa.Index(
    "ix_messages_pending", messages.c.conversation_id, messages.c.seq, sqlite_where=PENDING, postgresql_where=PENDING
)

handled_frames = sa.Table(
    "handled_frames",
    metadata,
    sa.Column("conversation_id", sa.String(40), sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("client_id", sa.String(60), primary_key=True),
    sa.Column("at", Moment, nullable=False),
)
"""Client ids of frames that became no message, so that a repetition changes nothing."""

pressed_buttons = sa.Table(
    "pressed_buttons",
    metadata,
    sa.Column("button_id", sa.String(40), primary_key=True),
    sa.Column("message_id", sa.String(40), sa.ForeignKey("messages.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
)

understandings = sa.Table(
    "understandings",
    metadata,
    sa.Column("message_id", sa.String(40), sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("conversation_id", sa.String(40), nullable=False, index=True),
    sa.Column("intent", sa.String(100)),
    sa.Column("confidence", sa.Float),
    sa.Column("ranking", Json, nullable=False),
    sa.Column("intents", Json, nullable=False, server_default="[]"),
    sa.Column("entities", Json, nullable=False),
    sa.Column("language", sa.String(8)),
    sa.Column("signals", Json, nullable=False, server_default="[]"),
)

packages = sa.Table(
    "handoff_packages",
    metadata,
    sa.Column("ticket_id", sa.String(40), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("content", Json, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

assignments = sa.Table(
    "assignments",
    metadata,
    sa.Column("conversation_id", sa.String(40), primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.String(40)),
    sa.Column("staff_id", sa.String(40), nullable=False),
    sa.Column("queued_at", Moment, nullable=False),
    sa.Column("claimed_at", Moment, nullable=False, index=True),
    sa.Column("ended_at", Moment),
    sa.Column("ended_by", sa.String(16)),
)
"""One row each time a person takes a conversation: what waiting times are estimated from."""

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("ticket_id", sa.String(40), primary_key=True),
    sa.Column("conversation_id", sa.String(40), nullable=False, index=True),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

staff = sa.Table(
    "staff",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("email", sa.String(254), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password_hash", sa.String(200), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("teams", Json, nullable=False, default=list, server_default="[]"),
    sa.Column("skills", Json, nullable=False, default=list, server_default="[]"),
    sa.Column("languages", Json, nullable=False, default=list, server_default="[]"),
    sa.Column("capacity", sa.Integer, nullable=False, default=CAPACITY, server_default=str(CAPACITY)),
    sa.Column("hours", Json),
    sa.Column("password_once", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("created_at", Moment, nullable=False),
)
"""`teams` empty means every team, `languages` empty every language, `hours` (a calendar) absent always.
A password that is for once has to be replaced by one of the member's own."""

teams = sa.Table(
    "teams",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("assignment", sa.String(16)),
    sa.Column("hours", Json),
    sa.Column("updated_at", Moment, nullable=False),
)
"""What people settled for a team. A team of the rules of triage needs no row."""

staff_sessions = sa.Table(
    "staff_sessions",
    metadata,
    sa.Column("token_fingerprint", sa.String(64), primary_key=True),
    sa.Column("staff_id", sa.String(40), sa.ForeignKey("staff.id"), nullable=False, index=True),
    sa.Column("expires_at", Moment, nullable=False),
)
