"""Links between imported articles lead to those articles, however often and in whatever order they come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.clock import FrozenClock
from core.database import Database
from knowledge import versions
from knowledge.articles import Viewer, permanent_url
from knowledge.history import list_versions
from knowledge.importing.found import imported_id
from knowledge.importing.importer import import_articles
from knowledge.importing.links import relinked
from knowledge.store import get_article
from knowledge.tables import articles
from tests.knowledge.conftest import AT, make_article
from tests.knowledge.exports import articles_of, export, what, zendesk


def at(source: str, source_id: str) -> str:
    return permanent_url(imported_id(source, source_id))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    for name, text in {
        "start.md": "# Start\n\n[a](guide/cards.md) [b](<guide/my plans.md> 'Plans') [c][r] [d](guide/page.html#x)\n\n"
        "[r]: /guide/cards.md#add-a-card",
        "guide/cards.md": "# Cards\n\nBack to [start](../start.md?x=1).",
        "guide/my plans.md": "---\nid: plans/1\n---\n# Plans\n\n[Above](#the-price)\n\n## The price\n\nText.",
        "guide/page.html": "<h1>Page</h1><p><a href='my%20plans.md'>plans</a> <a href='../start.md'>start</a></p>",
    }.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    return made


def test_links_between_files_lead_to_the_articles_that_they_become(folder: Path) -> None:
    of = {one.title: one.content for one in articles_of(folder)}
    cards, page, plans = at("markdown:docs", "guide/cards.md"), at("html:docs", "guide/page.html"), "/help/id/plans%2F1"
    assert of["Start"] == (
        f"[a]({cards}) [b]({plans} 'Plans') [c][r] [d]({page}#section-x)\n\n[r]: {cards}#section-add-a-card\n"
    )
    assert of["Cards"] == f"Back to [start]({at('markdown:docs', 'start.md')}).\n"
    assert of["Page"] == f"[plans]({plans}) [start]({at('markdown:docs', 'start.md')})\n"
    assert "[Above](#section-the-price)" in of["Plans"]


@pytest.mark.parametrize(
    "text",
    [
        "`[a](other.md)`",
        "```\n[a](other.md)\n```",
        "\\[a](other.md)",
        "[a](https://x.example/other.md)",
        "[a](//x.example/other.md)",
        "[a](other.pdf) ![a](other.md)",
        "[a](mailto:other.md)",
        "[a](http://[other.md)",
    ],
)
def test_what_is_no_link_to_a_file_stays_as_it_is_written(text: str) -> None:
    assert relinked(text, lambda href: "/led" if href == "other.md" else href) == text


@pytest.mark.parametrize(
    "text",
    [
        "[^1]: refunds take three days.",
        "[Note]: refunds are slow.",
        "[^1]: refunds (within 3 days) are paid.",
        'Mind\n[Note]: refunds "soon" paid',
        "\\[a](refunds)",
        "![picture](refunds)",
        "[a](refunds((1)).md)",
        "[a](refunds and more)",
        "](refunds",
    ],
)
def test_text_that_begins_as_a_link_does_stays_beside_a_link_to_the_same(text: str) -> None:
    led = relinked(f"{text}\n\n[b](refunds) [c]\n\n[c]: refunds 'Title'", lambda href: "/led")
    assert led == f"{text}\n\n[b](/led) [c]\n\n[c]: /led 'Title'"


@pytest.mark.parametrize(
    "text",
    [
        "[![picture](a.png)](other.md)",
        "[a [b] c](other.md 'd')",
        "> [a]\n>\n> [a]: other.md",
        "[a]\r\n\r\n[a]: other.md\r\n",
        "[a]\n\n[a]:\n  other.md",
        "[\\]]\n\n[\\]]: other.md",
        "| a |\n|---|\n| [a](other.md) |",
    ],
)
def test_a_link_is_led_however_it_is_written(text: str) -> None:
    assert relinked(text, lambda href: "/led") == text.replace("other.md", "/led")


@pytest.mark.parametrize(
    "code",
    [
        "`[a](other.md)`",
        "A `` ` [a](other.md) `` tick",
        "`C:\\` and `[a](other.md)`",
        "```\n[a](other.md)\n```",
        "    [a](other.md)",
        "- one\n\n      [a](other.md)",
        "> ~~~\n> [a](other.md)\n>\n> [a](other.md)\n> ~~~",
    ],
)
def test_code_stays_also_beside_a_link_like_it(code: str) -> None:
    led = relinked(f"[b](other.md)\n\n{code}\n\n[c](other.md) `x`", lambda href: "/led")
    assert led == f"[b](/led)\n\n{code}\n\n[c](/led) `x`"


@pytest.mark.parametrize(
    "text",
    [
        "- ` one\n- [a](other.md) ` two",
        "\\`[a](other.md)`",
        "`[a](other.md)``",
        "[`a`](other.md)",
        "[a](<other.md> '`b`')",
    ],
)
def test_what_only_looks_like_code_is_led(text: str) -> None:
    assert relinked(text, lambda href: "/led") == text.replace("<other.md>", "other.md").replace("other.md", "/led")


async def test_links_without_an_ending_lead_to_the_file_or_the_folders_first_page(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    for name, text in {
        "docs/one.md": "# One\n\n[a](guide/cards) [b](guide/) [c](guide#fees) [d](./more) [e](/pricing) [f](nowhere) [g](a.pdf) [h](?x)",
        "docs/guide/cards.md": "# Cards\n\nText.",
        "docs/guide/index.md": "# Guide\n\n[up](../) [top](/) [this](.)",
        "docs/index.md": "# Home\n\n[here](./#news)",
        "docs/more/README.md": "# More\n\n[back](../one)",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    report = await import_articles(database, tmp_path / "docs", clock)
    assert report.left == {"nowhere": "one.md", "a.pdf": "one.md"}
    cards, guide, more, one, home = (
        at("markdown:docs", name)
        for name in ("guide/cards.md", "guide/index.md", "more/README.md", "one.md", "index.md")
    )
    async with database.read() as reader:
        first = await get_article(reader, "one", Viewer.STAFF)
        last = await get_article(reader, "more", Viewer.STAFF)
        inner = await get_article(reader, "guide", Viewer.STAFF)
        top = await get_article(reader, "home", Viewer.STAFF)
    assert first.content == (
        f"[a]({cards}) [b]({guide}) [c]({guide}#section-fees) [d]({more}) [e](/pricing) [f](nowhere) [g](a.pdf) [h](?x)\n"
    )
    assert last.content == f"[back]({one})\n"
    assert inner.content == f"[up]({home}) [top]({home}) [this]({guide})\n"
    assert top.content == f"[here]({home}#section-news)\n"


async def test_a_link_to_what_is_not_imported_stays_and_is_told_once(
    database: Database, clock: FrozenClock, folder: Path
) -> None:
    text = "# {}\n\n[a](gone.md) [b](../../etc/passwd.md) [c](broken.md) [d](https://x.example/gone.md)"
    (folder / "one.md").write_text(text.format("One"))
    (folder / "two.md").write_text(text.format("Two"))
    (folder / "broken.md").write_text("---\nid: [\n---\nText")
    report = await import_articles(database, folder, clock)
    assert report.left == {"gone.md": "one.md", "../../etc/passwd.md": "one.md", "broken.md": "one.md"}
    async with database.read() as reader:
        assert "[a](gone.md) [b](../../etc/passwd.md)" in (await get_article(reader, "one", Viewer.STAFF)).content


async def test_importing_linked_files_again_changes_nothing_also_after_an_editor_gave_one_another_address(
    database: Database, clock: FrozenClock, folder: Path
) -> None:
    assert what(await import_articles(database, folder, clock)) == {"added": 4}
    async with database.write() as tx:
        cards = await get_article(tx.connection, "cards", Viewer.STAFF)
        await versions.edit_article(tx, make_article("pay", "Cards.", id=cards.id), based_on=1, by="Amara", at=AT)
    assert what(await import_articles(database, folder, clock)) == {"unchanged": 4}


async def test_importing_a_part_of_what_was_imported_changes_nothing(
    database: Database, clock: FrozenClock, folder: Path
) -> None:
    await import_articles(database, folder, clock)
    for path, format in ((folder / "start.md", None), (folder, "markdown"), (folder, "html"), (folder, None)):
        report = await import_articles(database, path, clock, format=format)
        assert (set(what(report)), report.left) == ({"unchanged"}, {}), (path.name, format)


async def test_what_an_article_was_called_at_its_source_is_renewed_without_a_version(
    database: Database, clock: FrozenClock, folder: Path
) -> None:
    await import_articles(database, folder, clock)
    async with database.write() as tx:
        await tx.execute(sa.update(articles).where(articles.c.id == "plans/1").values(source_id="plans/1"))
    assert what(await import_articles(database, folder, clock)) == {"updated": 1, "unchanged": 3}
    assert what(await import_articles(database, folder / "start.md", clock)) == {"unchanged": 1}
    async with database.read() as reader:
        assert [one.number for one in await list_versions(reader, "plans/1")] == [1]


async def test_a_file_by_itself_links_to_what_was_imported_before(
    database: Database, clock: FrozenClock, folder: Path
) -> None:
    await import_articles(database, folder, clock)
    (folder / "start.md").write_text("# Start\n\nIn [cards](guide/cards.md).")
    report = await import_articles(database, folder / "start.md", clock)
    assert (what(report), report.left) == ({"updated": 1}, {})
    async with database.read() as reader:
        start = await get_article(reader, "start", Viewer.STAFF)
    assert start.content == f"In [cards]({at('markdown:docs', 'guide/cards.md')}).\n"


def test_a_zendesk_articles_links_lead_to_its_neighbours_in_their_language(tmp_path: Path) -> None:
    linked = [
        "https://acme.example/hc/en-us/articles/20-Second-one",
        "https://acme.zendesk.com/hc/articles/20",
        "/hc/fr/articles/20-Deux",
        "https://acme.example/hc/de/articles/20#h_1",
        "https://other.example/hc/en-us/articles/20",
        "https://acme.example/hc/en-us/articles/30",
        "https://acme.example/hc/en-us/sections/20",
    ]
    body = "<p>" + " ".join(f'<a href="{one}">x</a>' for one in linked) + "</p>"
    native = "https://acme.zendesk.com/api/v2/help_center/en-us/articles/10.json"
    one, *_ = articles_of(
        export(
            tmp_path / "a.json",
            [zendesk(10, body=body, url=native), zendesk(20), zendesk(20, locale="fr", title="Deux")],
        )
    )
    english, french = at("zendesk", "20"), at("zendesk", "20:fr")
    assert [part.partition(")")[0] for part in one.content.split("](")[1:]] == [
        english, english, french, english, *linked[4:]
    ]  # fmt: skip


def intercom(number: int, url: str | None, body: str = "<p>Text.</p>") -> dict[str, Any]:
    named = {"type": "article", "id": str(number), "workspace_id": "w", "title": f"Article {number}"}
    return named | {"state": "published", "url": url, "body": body}


async def test_an_intercom_articles_links_lead_to_those_of_its_own_company(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    path = tmp_path / "articles.json"
    own, other = "https://intercom.help/acme/en/articles/", "https://intercom.help/other/en/articles/"
    body = f'<p><a href="{own}2-two">two</a> <a href="{other}2-two">other</a> <a href="{own}3-gone#a">gone</a></p>'
    articles = [intercom(1, f"{own}1-one", body), intercom(2, None)]
    path.write_text(json.dumps({"type": "list", "data": articles}))
    assert articles_of(path)[0].content == (
        f"[two]({at('intercom', '2')}) [other]({other}2-two) [gone]({own}3-gone#a)\n"
    )
    assert (await import_articles(database, path, clock)).left == {f"{own}3-gone": "articles.json"}


async def test_a_freshdesk_articles_links_lead_to_its_neighbours_at_any_address_of_theirs(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    hrefs = [
        "https://acme.freshdesk.com/support/solutions/articles/4000200-two",
        "https://help.acme.example/en/support/solutions/articles/4000200",
        "/a/solutions/articles/4000200",
        "/solution/categories/1/folders/2/articles/4000200-two",
        "https://acme.freshdesk.com/support/solutions/articles/4000300",
        "https://other.example/support/solutions/articles/4000300",
    ]
    body = "".join(f'<a href="{one}">x</a>' for one in hrefs)
    common = {"folder_id": 1, "status": 2, "folder_visibility": 1}
    first = common | {"id": 4000100, "title": "One", "description": body}
    path = tmp_path / "solutions.json"
    path.write_text(json.dumps([first, common | {"id": 4000200, "title": "Two", "description": "Text."}]))
    two = at("freshdesk", "4000200")
    assert articles_of(path)[0].content == f"[x]({two})" * 4 + f"[x]({hrefs[4]})[x]({hrefs[5]})\n"
    assert (await import_articles(database, path, clock)).left == {hrefs[4]: "solutions.json"}


async def test_pages_of_an_export_that_come_one_by_one_link_to_each_other_in_the_end(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    first = export(tmp_path / "1.json", [zendesk(10, body='<p><a href="20-Two">two</a></p>')])
    second = export(tmp_path / "2.json", [zendesk(20)])
    assert list((await import_articles(database, first, clock)).left) == [
        "https://acme.example/hc/en-us/articles/20-Two"
    ]
    await import_articles(database, second, clock)
    assert what(await import_articles(database, first, clock)) == {"updated": 1}
    assert what(await import_articles(database, first, clock)) == {"unchanged": 1}
    async with database.read() as reader:
        assert at("zendesk", "20") in (await get_article(reader, "article-10", Viewer.ANONYMOUS)).content
