"""Cutting along headings, with what belongs together kept together."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from knowledge.passages import LONGEST, WHOLE, cut
from knowledge.rendering import plain_text

SENTENCE = "Fernhill keeps a deleted project for thirty days and then removes it. "


def test_each_section_is_a_passage_with_the_path_of_its_headings() -> None:
    passages = cut("Before.\n\n## Billing\n\nA.\n\n### Refunds\n\nB.\n\n### Cards\n\nC.\n\n## Projects\n\nD.\n")
    assert [(one.heading, one.text) for one in passages] == [
        ("", "Before."),
        ("Billing", "A."),
        ("Billing › Refunds", "B."),
        ("Billing › Cards", "C."),
        ("Projects", "D."),
    ]
    assert [one.position for one in passages] == [0, 1, 2, 3, 4]


def test_a_heading_inside_a_fence_is_code() -> None:
    passages = cut("## Shell\n\n```sh\n# not a heading\necho 1\n```\n")
    assert [(one.heading, one.text) for one in passages] == [("Shell", "```sh\n# not a heading\necho 1\n```")]


def test_paragraphs_of_a_long_section_are_divided_between_them_and_not_inside() -> None:
    paragraphs = [SENTENCE * 5] * 4
    passages = cut("## Long\n\n" + "\n\n".join(paragraphs))
    assert len(passages) == 4
    assert {one.text.strip() for one in passages} == {paragraphs[0].strip()}
    assert {one.heading for one in passages} == {"Long"}


def test_a_paragraph_that_is_too_long_by_itself_is_cut_at_the_ends_of_sentences() -> None:
    passages = cut(SENTENCE * 30)
    assert all(len(one.text.split()) <= LONGEST for one in passages)
    assert all(one.text.endswith(".") for one in passages)


def test_a_list_a_table_and_code_stay_whole_where_they_fit() -> None:
    steps = "\n".join(
        f"{number}. Open the page number {number} and select it twice, then wait." for number in range(1, 13)
    )
    table = "| Code | Meaning |\n|---|---|\n" + "\n".join(f"| `ERR_{n}` | The cause number {n} |" for n in range(25))
    code = "```\n" + "\n".join(f"line {n} of code here" for n in range(30)) + "\n```"
    for block in (steps, table, code):
        assert len(re.findall(r"\w+", block)) > LONGEST
        assert block in [one.text for one in cut(f"## One\n\n{SENTENCE * 5}\n\n{block}\n")]


def test_a_table_that_is_too_long_is_cut_between_rows_and_each_part_has_the_head() -> None:
    table = "| Code | Meaning |\n|---|---|\n" + "\n".join(f"| `ERR_{n}` | The cause number {n} |" for n in range(90))
    passages = cut(table)
    assert len(passages) > 1
    assert all(one.text.startswith("| Code | Meaning |\n|---|---|\n| `ERR_") for one in passages)
    assert sum(one.text.count("`ERR_") for one in passages) == 90


def test_code_that_is_too_long_stays_code_in_each_part() -> None:
    passages = cut("```python\n" + "\n".join(f"value_{n} = compute({n}, {n})" for n in range(200)) + "\n```\n")
    assert len(passages) > 1
    assert all(one.text.startswith("```python\n") and one.text.endswith("\n```") for one in passages)


def test_a_list_that_is_too_long_is_cut_between_items() -> None:
    items = [f"- Item {n} says a few words about itself\n  and has a second line" for n in range(60)]
    passages = cut("\n".join(items))
    assert len(passages) > 1
    assert [line for one in passages for line in one.text.split("\n- ")]
    assert all(one.text.startswith("- Item") and one.text.endswith("a second line") for one in passages)


def test_a_single_sentence_without_end_is_still_cut() -> None:
    assert all(len(one.text.split()) <= LONGEST * 2 for one in cut("word " * 2_000))
    assert all(len(one.text) <= LONGEST * 2 for one in cut("東京都渋谷区" * 300))


def test_an_article_of_a_heading_alone_has_a_passage() -> None:
    assert [one.text for one in cut("# Only this\n")] == ["Only this"]


def test_a_heading_with_nothing_under_it_is_found_as_text() -> None:
    passages = cut("# Help\n\n## Coming soon\n\n## Cards\n\nVisa.\n\n## Later\n")
    assert [(one.heading, one.text) for one in passages] == [
        ("Help", "Coming soon"),
        ("Help › Cards", "Visa."),
        ("Help", "Later"),
    ]


@st.composite
def articles(draw: st.DrawFn) -> list[str]:
    """Blocks of an article in which no word is there twice."""
    number = iter(range(10_000))

    def words(most: int) -> str:
        count = draw(st.integers(1, most))
        found = [f"w{next(number)}" for _ in range(count)]
        return " ".join(f"{word}." if draw(st.integers(0, 9)) == 0 else word for word in found)

    blocks = []
    for kind in draw(st.lists(st.sampled_from(["heading", "paragraph", "list", "table", "code", "quote"]), max_size=9)):
        rows = range(draw(st.integers(1, 14)))
        if kind == "heading":
            blocks.append(f"{'#' * draw(st.integers(1, 4))} {words(4)}")
        elif kind == "paragraph":
            blocks.append(words(260))
        elif kind == "list":
            blocks.append("\n".join(f"{row + 1}. {words(20)}\n    - {words(5)}" for row in rows))
        elif kind == "table":
            blocks.append("\n".join(["| A | B |", "|---|---|", *(f"| {words(15)} | {words(3)} |" for _ in rows)]))
        elif kind == "code":
            blocks.append("\n".join(["```python", *(f"{words(12)}  # {words(3)}" for _ in rows), "```"]))
        else:
            blocks.append("\n".join(f"> {words(30)}" for _ in rows))
    return blocks


@given(articles())
def test_every_word_of_an_article_is_in_a_passage_and_in_the_order_of_the_article(blocks: list[str]) -> None:
    content = "\n\n".join(blocks)
    headings = {word for block in blocks if block.startswith("#") for word in re.findall(r"w\d+", block)}
    passages = cut(content)
    text = [word for one in passages for word in re.findall(r"w\d+", plain_text(one.text))]
    paths = {word for one in passages for word in re.findall(r"w\d+", one.heading)}
    assert [word for word in text if word not in headings] == [
        word for word in re.findall(r"w\d+", plain_text(content)) if word not in headings
    ]
    assert headings <= paths | set(text)


@given(articles())
def test_a_table_a_list_and_code_below_the_limit_stay_whole(blocks: list[str]) -> None:
    # Two lists one after the other are one list.
    blocks = [block for before, block in pairwise(["", *blocks]) if before[:1] != block[0]]
    passages = [one.text for one in cut("\n\n".join(blocks))]
    for block in blocks:
        if block[0] in "|`1" and len(re.findall(r"\w[^\s|]*", block)) <= WHOLE:
            assert sum(block in one for one in passages) == 1


@given(st.text(alphabet="ab #-|`*>1.\n\t[]()é世", max_size=400))
def test_no_word_of_the_content_is_lost(content: str) -> None:
    passages = cut(content)
    found = " ".join(f"{one.heading} {plain_text(one.text)}" for one in passages)
    lost = [word for word in plain_text(content).split() if word.isalnum() and word not in found]
    assert lost == []
