"""What search engines read of a page: schema.org objects as JSON-LD, safe inside a script element. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from knowledge.articles import Article
from knowledge.rendering import headings, inline_text, parse, plain_text

FAQ_FROM = 2
"""Questions among an article's headings from which on it is also a list of questions and answers."""
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def script(*objects: dict[str, Any]) -> Markup:
    """Write objects for a `<script type="application/ld+json">`: nothing in them can end the element."""
    graph = {"@context": "https://schema.org", "@graph": list(objects)}
    return Markup(json.dumps(graph, ensure_ascii=False).translate(_ESCAPES))  # noqa: S704 - escaped in this line


def about_site(name: str, site: str) -> dict[str, Any]:
    """Describe the help centre and how it is searched."""
    return {
        "@type": "WebSite",
        "name": name,
        "url": f"{site}/help",
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": f"{site}/help?q={{search_term_string}}"},
            "query-input": "required name=search_term_string",
        },
    }


def about_way(way: Sequence[tuple[str, str]], site: str) -> dict[str, Any]:
    """Describe the breadcrumbs: names and addresses from the help centre's front page to this one."""
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": site + url}
        for place, (name, url) in enumerate(way, start=1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def about_article(article: Article, *, site: str, brand: str, description: str) -> dict[str, Any]:
    """Describe an article."""
    described: dict[str, Any] = {
        "@type": "TechArticle",
        "headline": article.title[:110],
        "description": description,
        "url": f"{site}{article.url}",
        "mainEntityOfPage": f"{site}{article.url}",
        "datePublished": article.created.isoformat(),
        "dateModified": article.updated.isoformat(),
        "publisher": {"@type": "Organization", "name": brand},
    }
    if article.author:
        described["author"] = {"@type": "Person", "name": article.author}
    if article.tags:
        described["keywords"] = ", ".join(article.tags)
    return described


def about_questions(article: Article) -> dict[str, Any] | None:
    """Describe an article's questions and answers: headings that end in a question mark; None where there are too few."""
    asked = _questions(article.content)
    if len(asked) < FAQ_FROM:
        return None
    entities = [
        {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}}
        for question, answer in asked
    ]
    return {"@type": "FAQPage", "mainEntity": entities}


def _questions(content: str) -> list[tuple[str, str]]:
    if sum(heading.words.endswith("?") for heading in headings(content)) < FAQ_FROM:
        return []
    lines = content.splitlines()
    tokens = parse(content)
    starts = [
        (opening.map, inline_text(inline))
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open" and opening.map
    ]
    ends = [place[0] for place, _ in starts[1:]] + [len(lines)]
    found = []
    for (place, question), end in zip(starts, ends, strict=True):
        answer = plain_text("\n".join(lines[place[1] : end]))
        if question.endswith("?") and answer:
            found.append((question, answer))
    return found
