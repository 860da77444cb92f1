"""How many passages hold each word, counted as passages change, on PostgreSQL: SQLite's FTS5 has it already."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

HELD = "SELECT level, unnest(tsvector_to_array(full_text)) AS word, {sign}1 AS change FROM {rows}"
EVENTS = {"insert": ("come",), "update": ("gone", "come"), "delete": ("gone",)}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    _forget()
    op.execute(
        'CREATE TABLE knowledge_words (word text COLLATE "C" NOT NULL, level smallint NOT NULL,'
        " passages integer NOT NULL, PRIMARY KEY (word, level))"
    )
    for event, rows in EVENTS.items():
        _follow(event, rows)
    op.execute(
        "INSERT INTO knowledge_words (word, level, passages) SELECT word, level, sum(change)"  # noqa: S608
        f" FROM ({HELD.format(sign='', rows='knowledge_passages')}) AS held GROUP BY word, level"
    )


def _follow(event: str, rows: tuple[str, ...]) -> None:
    name = f"knowledge_words_{event}"
    held = " UNION ALL ".join(HELD.format(sign="-" if one == "gone" else "", rows=one) for one in rows)
    clean = (
        f"DELETE FROM knowledge_words AS known USING ({HELD.format(sign='', rows='gone')}) AS left_over"  # noqa: S608
        " WHERE known.word = left_over.word AND known.level = left_over.level AND known.passages = 0;"
        if "gone" in rows
        else ""
    )
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"  # noqa: S608
        " PERFORM number FROM knowledge_generations WHERE name = 'passages' FOR UPDATE;"
        " INSERT INTO knowledge_words AS known (word, level, passages)"
        f" SELECT word, level, sum(change) FROM ({held}) AS changed"
        " GROUP BY word, level HAVING sum(change) <> 0 ORDER BY word, level"
        " ON CONFLICT (word, level) DO UPDATE SET passages = known.passages + excluded.passages;"
        f" {clean} RETURN NULL; END $$"
    )
    tables = " ".join(f"{'OLD' if one == 'gone' else 'NEW'} TABLE AS {one}" for one in rows)
    op.execute(
        f"CREATE TRIGGER {name} AFTER {event.upper()} ON knowledge_passages REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _forget() -> None:
    for event in EVENTS:
        op.execute(f"DROP FUNCTION IF EXISTS knowledge_words_{event}() CASCADE")
    op.execute("DROP TABLE IF EXISTS knowledge_words")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _forget()
