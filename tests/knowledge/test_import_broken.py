"""What is broken, hostile or no article stops itself alone, and is named."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.clock import FrozenClock
from core.database import Database
from core.errors import NotFound
from knowledge.articles import Viewer
from knowledge.importing.importer import import_articles
from knowledge.importing.reading import look_at
from knowledge.rendering import render
from knowledge.store import get_article, list_articles
from tests.knowledge.exports import export, listed, zendesk
from tests.knowledge.test_html_to_markdown import HOSTILE, harmless

NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def test_a_broken_article_is_named_with_file_line_and_reason_and_the_rest_goes_in(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    articles = [
        zendesk(1),
        zendesk(2, title=None),
        zendesk(3, created_at="soon"),
        zendesk(1),
        "text",
        zendesk(4),
        zendesk(6, created_at="0001-01-01T00:00:00+05:00"),
    ]
    lines = (
        ",\n".join(json.dumps(one) for one in articles)
        .replace('"Article 4"', "oops")
        .replace('"text"', '"text",\n{"id": 8}')
    )
    path = tmp_path / "a.json"
    path.write_text('{"articles": [\n' + lines + ",\n" + json.dumps(zendesk(5)) + "]}")
    report = await import_articles(database, path, clock)
    assert [str(one) for one in report.broken] == [
        "a.json:3: the article 2 has no title.",
        "a.json:4: created_at is 'soon', which is no date.",
        "a.json:5: 1 is there a second time.",
        "a.json:6: this is no article: an object is expected.",
        "a.json:7: the article 8 has no title.",
        "a.json:8: this is no JSON (Expecting value).",
        "a.json:9: created_at is '0001-01-01T00:00:00+05:00', which is no date.",
    ]
    assert await listed(database) == ["Article 1", "Article 5"]


async def test_what_no_export_should_hold_stops_one_article_and_not_the_import(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    odd = [
        zendesk(1, vote_count=float("inf")), zendesk(2, vote_sum=10**30), zendesk(3, title="A cut emoji \ud83d"),
        zendesk(4, user_segment_ids=5), {"id": 5, "title": "F", "description": "x", "folder_id": 1, "status": 2, "hierarchy": 5},
    ]  # fmt: skip
    export(tmp_path / "a.json", odd[:4])
    (tmp_path / "b.json").write_text(json.dumps(odd[4:]))
    (tmp_path / "c.md").write_text('---\ntitle: "Another \\ud83d"\n---\n\nText')
    (tmp_path / os.fsdecode(b"caf\xe9.html")).write_text("<p>Text")
    report = await import_articles(database, tmp_path, clock)
    assert [one.reason for one in report.broken] == ["user_segment_ids is not a list.", "hierarchy is not a list."]
    cut = "\N{REPLACEMENT CHARACTER}"
    assert await listed(database) == [f"A cut emoji {cut}", f"Another {cut}", "Article 1", "Article 2", f"Caf{cut}"]


def test_a_link_out_of_the_folder_and_what_is_no_file_are_passed_over_and_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("The password of everything")
    folder = tmp_path / "docs"
    (folder / "shared").mkdir(parents=True)
    (folder / "shared" / "a.md").write_text("Text")
    (folder / "again.md").symlink_to(folder / "shared" / "a.md")
    (folder / "out.md").symlink_to(secret)
    (folder / "corner.md").symlink_to("../secret.txt")
    (folder / "itself.md").symlink_to("itself.md")
    (folder / "up").symlink_to("..")
    os.mkfifo(folder / "pipe.md")
    inputs = look_at(folder)
    assert [one.name for one in inputs.files] == ["again.md", "shared/a.md"]
    assert inputs.skipped == ["corner.md", "itself.md", "out.md", "pipe.md"]


def test_a_corpus_that_is_a_link_out_of_the_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.jsonl").write_text(json.dumps({"_id": "1", "title": "T", "text": "x"}))
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "corpus.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    assert (look_at(folder).files, look_at(folder).skipped) == ([], ["corpus.jsonl"])
    assert [one.name for one in look_at(folder / "corpus.jsonl").files] == ["corpus.jsonl"]


async def test_hostile_articles_of_an_export_are_harmless_where_they_are_shown(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    articles = [zendesk(n, title=one, body=f"{one}<p>x</p>") for n, one in enumerate(HOSTILE)]
    await import_articles(database, export(tmp_path / "a.json", articles), clock)
    async with database.read() as reader:
        found = await list_articles(reader, Viewer.STAFF)
        with pytest.raises(NotFound):
            await get_article(reader, "<script>", Viewer.STAFF)
    assert len(found) == len(HOSTILE)
    for article in found:
        harmless(render(article.content, anchors=True))


FIELDS = ("id", "slug", "title", "excerpt", "category", "tags", "audience", "visibility", "related", "author", "created", "updated",
          "reviewed", "helpful", "views", "status", "draft", "date", "categories", "keywords", "? [a]\n: x\n#")  # fmt: skip
ODD = ("0x" + "f" * 5_000, "[0x" + "f" * 5_000 + "]", "1" * 30, "1" * 5_000, "1e999", "-1", ".nan", "[.inf]", "!!timestamp x", "!!bool x",
       "!!binary x", "!!set {a, b}", "!!python/object:os.system x", "!foo bar", "{a: 1}", "[[a], {b: c}]", "{[a]: b}", "2026-02-30",
       "0001-01-01T00:00:00+05:00", "'0001-01-01T00:00:00+05:00'", "'9999-12-31T23:59:59-05:00'", "2026-01-01T00:00:00+99:99", "~", "''",
       '"\\ud800"', '"\\U00110000"', '"a\\u0000b"', "|\n  block", "&a [*a]", "*a", "- x", "true", "190:20:30", "<<: 1", "[" * 300,
       "x" * 70_000, "\x07", "\u2028", "2026-W01-1", "20260101", "1_000", "=")  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("created", "'0001-01-01T00:00:00+05:00'")
@example("views", "1" * 30)
@example("title", "[0x" + "f" * 5_000 + "]")
@example("author", "!!bool x")
@given(st.sampled_from(FIELDS), st.one_of(st.sampled_from(ODD), st.text(max_size=40)))
async def test_no_front_matter_keeps_the_articles_beside_it_out(
    database: Database, clock: FrozenClock, tmp_path_factory: pytest.TempPathFactory, field: str, value: str
) -> None:
    folder = tmp_path_factory.mktemp("import")
    for name in ("a", "z"):
        (folder / f"{name}.md").write_text(f"---\ntitle: {folder.name} {name}\n---\n\nText", encoding="utf-8")
    odd = f"---\ntitle: Odd\n{field}: {value}\n---\n\nText"
    (folder / "odd.md").write_text(odd, encoding="utf-8", errors="surrogatepass")
    report = await import_articles(database, folder, clock)
    assert all(one.file == "odd.md" and one.line > 0 and one.reason for one in report.broken)
    assert (len(report.broken), report.counts["added"]) in {(0, 3), (1, 2)}
    titles = await listed(database)
    assert {f"{folder.name} a", f"{folder.name} z"} <= set(titles)
