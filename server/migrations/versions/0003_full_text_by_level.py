"""Full text by level of visibility on SQLite, so that a search reads no passage to learn who may see it."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

OLD = ("knowledge_full_text_insert", "knowledge_full_text_delete", "knowledge_full_text_update")


def upgrade() -> None:
    op.create_index(
        "ix_knowledge_passages_level_length",
        "knowledge_passages",
        ["level", "length"],
        unique=False,
        if_not_exists=True,
    )
    if op.get_bind().dialect.name != "sqlite":
        return
    for trigger in OLD:
        op.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    op.execute("DROP TABLE IF EXISTS knowledge_full_text")
    for level in (0, 1, 2):
        _forget(level)
        _make(level)


def _make(level: int) -> None:
    table = f"knowledge_full_text_{level}"
    put = f"INSERT INTO {table}(rowid, terms) VALUES (new.id, new.terms);"  # noqa: S608
    take = f"INSERT INTO {table}({table}, rowid, terms) VALUES ('delete', old.id, old.terms);"  # noqa: S608
    op.execute(
        f"CREATE VIRTUAL TABLE {table} USING fts5("
        "terms, content='knowledge_passages', content_rowid='id', tokenize='unicode61 remove_diacritics 0')"
    )
    op.execute(f"CREATE VIRTUAL TABLE knowledge_words_{level} USING fts5vocab('{table}', 'row')")
    op.execute(
        f"CREATE TRIGGER {table}_insert AFTER INSERT ON knowledge_passages WHEN new.level = {level} BEGIN {put} END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_delete AFTER DELETE ON knowledge_passages WHEN old.level = {level} BEGIN {take} END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_leave BEFORE UPDATE OF terms, level ON knowledge_passages"
        f" WHEN old.level = {level} BEGIN {take} END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_enter AFTER UPDATE OF terms, level ON knowledge_passages"
        f" WHEN new.level = {level} BEGIN {put} END"
    )
    op.execute(
        f"INSERT INTO {table}(rowid, terms) SELECT id, terms FROM knowledge_passages WHERE level = {level}"  # noqa: S608
    )


def _forget(level: int) -> None:
    table = f"knowledge_full_text_{level}"
    for name in ("insert", "delete", "leave", "enter"):
        op.execute(f"DROP TRIGGER IF EXISTS {table}_{name}")
    op.execute(f"DROP TABLE IF EXISTS knowledge_words_{level}")
    op.execute(f"DROP TABLE IF EXISTS {table}")


def downgrade() -> None:
    op.drop_index("ix_knowledge_passages_level_length", table_name="knowledge_passages")
    if op.get_bind().dialect.name != "sqlite":
        return
    for level in (0, 1, 2):
        _forget(level)
    op.execute(
        "CREATE VIRTUAL TABLE knowledge_full_text USING fts5("
        "terms, content='knowledge_passages', content_rowid='id', tokenize='unicode61 remove_diacritics 0')"
    )
    put = "INSERT INTO knowledge_full_text(rowid, terms) VALUES (new.id, new.terms);"
    take = "INSERT INTO knowledge_full_text(knowledge_full_text, rowid, terms) VALUES ('delete', old.id, old.terms);"
    for name, when, body in (
        ("insert", "AFTER INSERT", put),
        ("delete", "AFTER DELETE", take),
        ("update", "AFTER UPDATE OF terms", take + put),
    ):
        op.execute(f"CREATE TRIGGER knowledge_full_text_{name} {when} ON knowledge_passages BEGIN {body} END")
    op.execute("INSERT INTO knowledge_full_text(knowledge_full_text) VALUES ('rebuild')")
