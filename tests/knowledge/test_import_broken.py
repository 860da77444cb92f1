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
from knowledge.articles import BrokenArticle, Viewer
from knowledge.importing.importer import import_articles
from knowledge.importing.reading import look_at, read
from knowledge.rendering import render
from knowledge.store import get_article, list_articles
from tests.knowledge.exports import articles_of, complaints, export, listed, zendesk
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


HIDDEN = {
    "published.md": "---\ntitle: A\npublished: false\n---\nText",
    "draft.md": "---\ntitle: A\ndraft: 'true'\n---\nText",
    "one.md": "---\ntitle: A\nDraft: 1\n---\nText",
    "capital.md": "---\ntitle: A\nVisibility: internal\n---\nText",
    "private.md": "---\ntitle: A\nprivate: true\n---\nText",
    "private-y.md": "---\ntitle: A\nprivate: y\n---\nText",
    "published-n.md": "---\ntitle: A\npublished: n\n---\nText",
    "both.md": "---\ntitle: A\nstatus: published\ndraft: true\n---\nText",
    "not-published.md": "---\ntitle: A\ndraft: false\npublished: no\n---\nText",
    "hidden.md": "---\ntitle: A\nvisibility: public\nhidden: true\n---\nText",
    "unlisted.md": "---\ntitle: A\nunlisted: yes\n---\nText",
    "lower.md": "\n\n---\ntitle: A\nvisibility: internal\n---\nText",
    "marks.md": "\ufeff\ufeff---\ntitle: A\nvisibility: internal\n---\nText",
    "returns.md": "---\rtitle: A\rvisibility: internal\r---\rText",
    "indented.md": " ---\ntitle: A\nvisibility: internal\n---\nText",
    "comment.md": "<!-- Licence\n-->\n<!-- b -->\n---\ntitle: A\ndraft: true\n---\nText",
    "state.md": "---\ntitle: A\nstate: Draft\n---\nText",
    "access.md": "---\ntitle: A\naccess: members\n---\nText",
    "page.html": "---\ntitle: A\npublished: false\n---\n<h1>B</h1><p>Text</p>",
    "private.html": "---\ntitle: A\nprivate: true\n---\n<p>Text</p>",
    "_drafts/a.md": "# A\n\nText",
    "_drafts/a.html": "<h1>A</h1><p>Text</p>",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_at_its_source_in_any_way_of_writing_is_not_published(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(HIDDEN[name].encode())
    (article,) = articles_of(tmp_path)
    assert article.status == "draft" or article.visibility == "internal"
    assert (article.title, article.content) == ("A", "Text\n")


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("visiblity: internal", "a.md:2: visiblity is no field of an article; if visibility is meant, write that."),
        ("Audiences: internal", "a.md:2: audiences is no field of an article; if audience is meant, write that."),
        ("draft: perhaps", "a.md:2: draft is 'perhaps'; it must be true or false."),
        ("hidden: always", "a.md:2: hidden is 'always'; it must be true or false."),
        ("internal: [support]", "a.md:2: internal is ['support']; it must be true or false."),
        ("published: soon", "a.md:2: published is 'soon'; it must be true or false."),
        ("visibility: internal\nvisibility: public", "a.md:3: visibility is there a second time."),
        ("visibility: public\nVisibility: internal", "a.md:3: visibility is there a second time, as Visibility."),
        ("Draft: true\nDRAFT: false", "a.md:3: draft is there a second time, as DRAFT."),
        ("date: 2026-02-30", "a.md:2: the front matter cannot be read: day is out of range for month."),
    ],
)
def test_what_leaves_open_who_may_read_is_broken(tmp_path: Path, front: str, said: str) -> None:
    (tmp_path / "a.md").write_text(f"---\n{front}\ntitle: A\n---\nText")
    assert complaints(tmp_path) == [said]


def test_front_matter_that_is_not_read_is_told_and_what_only_begins_like_it_is_text(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text('{\n  "title": "A", "draft": true\n}\n\nText')
    (tmp_path / "b.md").write_text("{{< note >}}\n\nText")
    (tmp_path / "c.html").write_text("---\ndraft: perhaps\n---\n<p>Text</p>")
    assert complaints(tmp_path) == [
        "a.md:1: front matter in JSON is not read; write it as YAML between lines of ---.",
        "c.html:2: draft is 'perhaps'; it must be true or false.",
    ]
    (article,) = articles_of(tmp_path / "b.md")
    assert article.content == "{{< note >}}\n\nText\n"


def test_an_article_has_a_bounded_number_of_tags_and_related_articles(tmp_path: Path) -> None:
    many = [f"b{number}" for number in range(201)]
    (tmp_path / "a.md").write_text(f"---\ntitle: A\nrelated: [{', '.join(many)}]\n---\nText")
    (tmp_path / "b.html").write_text(f'<meta name="keywords" content="{", ".join(many)}"><h1>B</h1><p>Text')
    export(tmp_path / "c.json", [zendesk(1, label_names=many)])
    assert complaints(tmp_path) == [
        "a.md:3: related has 201 words; 200 are the most.",
        "c.json:4: label_names has 201 words; 200 are the most.",
    ]
    (page,) = [one.incoming.article for one in read(look_at(tmp_path), now=NOW) if not isinstance(one, BrokenArticle)]
    assert page.tags == tuple(many[:200])


def test_a_draft_of_zendesk_is_one_however_true_is_written(tmp_path: Path) -> None:
    path = export(tmp_path / "a.json", [zendesk(n, draft=draft) for n, draft in enumerate(("true", 1, None, "false"))])
    assert [one.status for one in articles_of(path)] == ["draft", "draft", "published", "published"]
    export(path, [zendesk(1, draft="perhaps")])
    assert complaints(path) == ["a.json:4: draft is 'perhaps'; it must be true or false."]


def test_a_title_is_one_line_that_no_terminal_obeys(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text('---\ntitle: "a\\u202eb \\x1b[31m\\n c\\x07"\ncategory: "x\\ty\\x9b"\n---\nText')
    (article,) = articles_of(tmp_path)
    assert (article.title, article.category) == ("ab [31m c", "x y")


def test_a_line_of_a_corpus_that_is_longer_than_an_article_is_broken_and_those_around_it_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.importing.reading.LARGEST", 100)
    lines = [
        json.dumps({"_id": str(n), "title": f"T{n}", "text": "x" * size}) for n, size in enumerate((5, 500, 5, 50))
    ]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    assert complaints(tmp_path) == ["corpus.jsonl:2: the line is longer than 0 MiB."]
    found = read(look_at(tmp_path), now=NOW)
    assert [one.line for one in found if not isinstance(one, BrokenArticle)] == [1, 3, 4]


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
@example("id", '"\\U00110000"')
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
