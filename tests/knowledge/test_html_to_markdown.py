"""HTML becomes Markdown with all its text, and nothing of it that runs."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge.importing.html_to_markdown import NestedTooDeeplyError, to_markdown
from knowledge.rendering import plain_text, render

HOSTILE = (
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '<img src="javascript:alert(1)" alt="a](javascript:alert(1))">',
    '<a href="java&#10;script:alert(1)">x</a>',
    '<a href=" &#1;javascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="https://x.example/)[y](javascript:alert(1)">x</a>',
    '<a href="https://x.example/&quot; onclick=&quot;alert(1)">x</a>',
    '<iframe src="javascript:alert(1)"></iframe>',
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<p>[x](javascript:alert(1)) ![y](javascript:alert(1)) &lt;script&gt;alert(1)&lt;/script&gt;</p>",
    "<pre>```\n&lt;/code&gt;&lt;script&gt;alert(1)&lt;/script&gt;</pre>",
    '<form action="https://evil.example"><input name=password></form>',
    '<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example">',
    "<table><tr><td onclick=alert(1)>a|b</td></tr></table><style>*{display:none}</style>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<details ontoggle=alert(1) open><summary>s</summary>t</details>",
)


def harmless(html: str) -> None:
    assert not re.search(
        r"<(script|iframe|svg|math|style|object|embed|form|input|base|meta|details)\b", html, re.IGNORECASE
    )
    for tag in re.findall(r"<[^>]*>", html):
        bare = re.sub(r'"[^"]*"', '""', tag)
        assert not re.search(r"\son\w+\s*=", bare, re.IGNORECASE)
        assert not re.search(r"(href|src)\s*=\s*[\"']?\s*(javascript|data|vbscript):", tag, re.IGNORECASE)


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_is_harmless_when_it_is_shown(html: str) -> None:
    harmless(render(to_markdown(html)))
    harmless(render(to_markdown(html, base="https://help.example/articles/1")))


@settings(deadline=None)
@given(st.lists(st.sampled_from([*HOSTILE, "<p>", "</p>", "<b>", "<ul><li>", "<pre>", "<td>", "</div>"]), max_size=6))
def test_no_combination_of_hostile_html_gets_through(parts: list[str]) -> None:
    harmless(render(to_markdown("".join(parts)), anchors=True))


@pytest.mark.parametrize("number", ["²", "9" * 5_000, "-1", "x", ""])
def test_what_is_no_number_of_columns_or_of_a_list_loses_no_words(number: str) -> None:
    table = to_markdown(f'<table><tr><td colspan="{number}">Plan</td></tr><tr><td>Price</td></tr></table>')
    assert "Plan" in table
    assert "Price" in table
    assert "Sign in" in to_markdown(f'<ol start="{number}"><li>Sign in</li></ol><td colspan="{number}">x</td>')
    assert to_markdown('<ol start="3"><li>Sign in</li></ol>') == "3. Sign in"


WORDS = st.text(alphabet="ab1 #-*_`|<>&[]()!\\~+=.:", min_size=1, max_size=24)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@settings(deadline=None)
@example([("h2", "a ##"), ("p", "---"), ("p", "1. b"), ("li", "# c")])
@given(st.lists(st.tuples(st.sampled_from(["p", "h2", "li", "blockquote"]), WORDS), min_size=1, max_size=5))
def test_text_is_read_as_it_was_written_whatever_marks_are_in_it(blocks: list[tuple[str, str]]) -> None:
    html = "".join(
        f"<ul><li>{escaped(text)}</li></ul>" if tag == "li" else f"<{tag}>{escaped(text)}</{tag}>"
        for tag, text in blocks
    )
    wanted = [" ".join(text.split()) for _, text in blocks]
    shown = [" ".join(line.split()) for line in plain_text(to_markdown(html)).split("\n")]
    assert [line for line in shown if line] == [text for text in wanted if text]


def test_the_parts_of_an_article_come_through() -> None:
    markdown = to_markdown(
        '<h2>Set up</h2><p>Use <strong>this</strong> <a href="/hc/1">page</a>.</p>'
        '<pre class="language-python"><code>if x:\n    y = "a_b"</code></pre>'
        "<ol><li>One<ul><li>Inner</li></ul></li><li>Two</li></ol>"
        "<table><tr><th>A</th></tr><tr><td>1 | 2</td><td>wider than the head</td></tr></table>"
        '<iframe src="https://video.example/1"></iframe><dl><dt>Term</dt><dd>Meaning</dd></dl>',
        base="https://help.example/hc/en-us/articles/5",
    )
    html = render(markdown)
    assert "<h2>Set up</h2>" in html
    assert '<a href="https://help.example/hc/1" rel="noopener noreferrer">page</a>' in html
    assert '<pre><code class="language-python">if x:\n    y = &quot;a_b&quot;' in html.replace(
        '"a_b"', "&quot;a_b&quot;"
    )
    assert "<td>1 | 2</td>" in html
    assert "<td>wider than the head</td>" in html
    assert 'href="https://video.example/1"' in html
    assert "<strong>Term</strong>" in html
    assert html.count("<li>") == 3


def test_html_nested_without_end_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(NestedTooDeeplyError):
        to_markdown("<div>" * 5_000 + "x")


MANY = 200_000
"""Of one character: with steps that grow with the square it would be minutes."""


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>" + "#" * MANY + "x</h2>", "## " + "#" * MANY + "x"),
        ("<h2>x " + "#" * MANY + "</h2>", "## x \\" + "#" * MANY),
        ("<h2>a" + " " * MANY + "b</h2>", "## a b"),
        ("<p>a" + "\t" * MANY + "b</p>", "a b"),
    ],
    ids=["signs", "closing signs", "blanks", "tabs"],
)
def test_a_long_row_of_one_character_is_read_in_one_go(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


def test_blanks_in_a_piece_of_code_stay() -> None:
    assert to_markdown("<pre>a" + " " * 60 + "b</pre>") == "```\na" + " " * 60 + "b\n```"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<ul><li>a<li>b<li>c</ul><p>after", "- a\n- b\n- c\n\nafter"),
        ("<ul><li>a<li>b</li><li>c</ul>", "- a\n- b\n- c"),
        ("<ol><li>a<ul><li>x<li>y</ul><li>b</ol>", "1. a\n   - x\n   - y\n2. b"),
        ("<ol><li>a<ul><li>x</li></ul></li><li>b</li></ol>", "1. a\n   - x\n2. b"),
        (
            "<table><tr><th>Country<th>Cost<tr><td>UK<td>free</table>",
            "| Country | Cost |\n| --- | --- |\n| UK | free |",
        ),
        (
            "<table><thead><tr><th>Country<th>Cost<tbody><tr><td>UK<td>free<tr><td>FR<td>2</table>",
            "| Country | Cost |\n| --- | --- |\n| UK | free |\n| FR | 2 |",
        ),
        ("<dl><dt>A<dd>one<dt>B<dd>two</dl>", "**A**\n\none\n\n**B**\n\ntwo"),
    ],
)
def test_ends_that_html_may_leave_out_are_known(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


def test_a_long_list_without_ends_is_read_or_refused_at_once() -> None:
    assert to_markdown("<ul>" + "<li>item" * 400 + "</ul>").count("- item") == 400
    with pytest.raises(NestedTooDeeplyError):
        to_markdown("<ul>" + "<li>item" * 3_000 + "</ul>")
