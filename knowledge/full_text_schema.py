"""What SQL keeps beside the passages by itself, for full text: their words, and how many passages of each level hold each word.

- SQLite: an FTS5 table over `terms` for each level of visibility, kept in step by triggers (`knowledge_full_text_0` to `_2`), and
  its words with the number of passages that hold them (`knowledge_words_0` to `_2`);
- PostgreSQL: a generated `tsvector` column with a GIN index (`knowledge_passages.full_text`), and the words with their numbers in a
  table of its own (`knowledge_words`), kept in step by triggers: counting by the index costs tens of milliseconds for a common word.

`knowledge.tables` makes both with the table of passages; a migration calls `create_full_text` after it has made the tables.
"""

from __future__ import annotations

import sqlalchemy as sa

LEVELS = (0, 1, 2)
"""Public, authenticated, internal."""


def create_full_text(connection: sa.Connection) -> None:
    """Make the full-text index over `knowledge_passages`, if it is not there."""
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)


def drop_full_text(connection: sa.Connection) -> None:
    """Remove what `create_full_text` made beside the table; PostgreSQL's column and triggers go with the table."""
    for statement in _DROP_SQLITE if connection.dialect.name == "sqlite" else _DROP_POSTGRESQL:
        connection.exec_driver_sql(statement)


def _sqlite(level: int) -> tuple[str, ...]:
    """Return what keeps the words of one level; an update takes the old row out before, and puts the new one in after."""
    table, words = f"knowledge_full_text_{level}", f"knowledge_words_{level}"
    put = f"INSERT INTO {table}(rowid, terms) VALUES (new.id, new.terms);"  # noqa: S608
    take = f"INSERT INTO {table}({table}, rowid, terms) VALUES ('delete', old.id, old.terms);"  # noqa: S608
    return (
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5("
        "terms, content='knowledge_passages', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {words} USING fts5vocab('{table}', 'row')",
        f"CREATE TRIGGER IF NOT EXISTS {table}_insert AFTER INSERT ON knowledge_passages"
        f" WHEN new.level = {level} BEGIN {put} END",
        f"CREATE TRIGGER IF NOT EXISTS {table}_delete AFTER DELETE ON knowledge_passages"
        f" WHEN old.level = {level} BEGIN {take} END",
        f"CREATE TRIGGER IF NOT EXISTS {table}_leave BEFORE UPDATE OF terms, level ON knowledge_passages"
        f" WHEN old.level = {level} BEGIN {take} END",
        f"CREATE TRIGGER IF NOT EXISTS {table}_enter AFTER UPDATE OF terms, level ON knowledge_passages"
        f" WHEN new.level = {level} BEGIN {put} END",
    )


_SQLITE = tuple(statement for level in LEVELS for statement in _sqlite(level))
_DROP_SQLITE = tuple(
    statement
    for level in LEVELS
    for statement in (
        *(
            f"DROP TRIGGER IF EXISTS knowledge_full_text_{level}_{name}"
            for name in ("insert", "delete", "leave", "enter")
        ),
        f"DROP TABLE IF EXISTS knowledge_words_{level}",
        f"DROP TABLE IF EXISTS knowledge_full_text_{level}",
    )
)

_HELD = "SELECT level, unnest(tsvector_to_array(full_text)) AS word, {sign}1 AS change FROM {rows}"
# Words are always taken in the same order after one lock that every writer of passages takes, so writers wait and never deadlock.
_FOLLOW = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM number FROM knowledge_generations WHERE name = 'passages' FOR UPDATE;
    INSERT INTO knowledge_words AS known (word, level, passages)
        SELECT word, level, sum(change) FROM ({held}) AS changed
        GROUP BY word, level HAVING sum(change) <> 0 ORDER BY word, level
        ON CONFLICT (word, level) DO UPDATE SET passages = known.passages + excluded.passages;
    {clean}
    RETURN NULL;
END $$
"""
_CLEAN = f"""
    DELETE FROM knowledge_words AS known USING ({_HELD.format(sign="", rows="gone")}) AS left_over
        WHERE known.word = left_over.word AND known.level = left_over.level AND known.passages = 0;
"""  # noqa: S608


def _follow(event: str, *referenced: str) -> tuple[str, str]:
    """Return what makes the function and the trigger that follow one kind of statement; `gone` and `come` are its rows."""
    name = f"knowledge_words_{event}"
    signs = {"gone": "-", "come": ""}
    held = " UNION ALL ".join(_HELD.format(sign=signs[rows], rows=rows) for rows in referenced)
    tables = " ".join(f"{'OLD' if rows == 'gone' else 'NEW'} TABLE AS {rows}" for rows in referenced)
    return (
        _FOLLOW.format(name=name, held=held, clean=_CLEAN if "gone" in referenced else ""),
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event.upper()} ON knowledge_passages REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )


_EVENTS = {"insert": ("come",), "update": ("gone", "come"), "delete": ("gone",)}
_POSTGRESQL = (
    """ALTER TABLE knowledge_passages ADD COLUMN IF NOT EXISTS full_text tsvector GENERATED ALWAYS AS (
        array_to_tsvector(array_remove(string_to_array(replace(terms, E'\\n', ' '), ' '), ''))) STORED""",
    "CREATE INDEX IF NOT EXISTS ix_knowledge_passages_full_text ON knowledge_passages USING gin (full_text)",
    """CREATE TABLE IF NOT EXISTS knowledge_words (
        word text COLLATE "C" NOT NULL, level smallint NOT NULL, passages integer NOT NULL, PRIMARY KEY (word, level))""",
    *(statement for event, rows in _EVENTS.items() for statement in _follow(event, *rows)),
)
_DROP_POSTGRESQL = (
    *(f"DROP FUNCTION IF EXISTS knowledge_words_{event}() CASCADE" for event in _EVENTS),
    "DROP TABLE IF EXISTS knowledge_words",
)
