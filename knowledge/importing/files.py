"""Reads Markdown and HTML files as articles: title, tags and dates from front matter or the page's head, where there are any."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector

from knowledge.article_files import MARK, FrontMatter, build_article, first_line, split_front_matter
from knowledge.articles import MOST_WORDS, SLUG, Article, BrokenArticle
from knowledge.importing.foreign_fields import translate
from knowledge.importing.found import Found, Read, imported_id, incoming, slug_of
from knowledge.importing.html_to_markdown import NestedTooDeeplyError, soup_to_markdown
from knowledge.importing.links import Lead, relinked
from knowledge.rendering import inline_text, parse

LARGEST = 16 * 1024 * 1024
"""Bytes of one file; what is longer is not an article."""
_LONE_RETURN = re.compile(r"\r(?!\n)")
_COMMENTS = re.compile(r"\A\ufeff?\s*(?:<!--.*?-->\s*)+", re.DOTALL)
"""Comments above all else, such as a licence: nobody means them to be read, and front matter or the title comes after them."""
_WORDS_BETWEEN = re.compile(r"[-_\s]+")


def read_markdown(path: Path, name: str, *, source: str, now: datetime, lead: Lead = str) -> Read:
    """Read one Markdown file. `name` is its path in the folder that is imported, which is also its id there; `lead` leads its links.

    Front matter is optional, and fields that no article has are passed over. Without a title there, the first heading is it, or
    the file's name. Folders are category and subcategory.
    """
    try:
        front, body, line = _parts(path, name)
        body, line = _take_title(front, body, line, Path(name).stem)
        own_slug = isinstance(front.values.get("slug"), str) and SLUG.fullmatch(front.values["slug"]) is not None
        if not own_slug:
            front.values["slug"] = slug_of(str(front.values["title"]), Path(name).stem)
        front.values["id"] = _id_of(front, source)
        for field, folder in zip(("category", "subcategory"), Path(name).parts[:-1], strict=False):
            front.values.setdefault(field, _title_of(folder)[:200])
        article = build_article(front, body, line, now=now)
        article = replace(_hidden_by_folder(article, name), content=relinked(article.content, lead))
        return Found(name, 1, incoming(source, name, article, slug_is_own=own_slug))
    except BrokenArticle as error:
        return error


def markdown_id(path: Path, name: str, source: str) -> str | None:
    """Return the id of the article that a Markdown file becomes; None where the file's beginning is broken."""
    try:
        return _id_of(_parts(path, name)[0], source)
    except BrokenArticle:
        return None


def read_html(path: Path, name: str, *, source: str, now: datetime, lead: Lead = str) -> Read:
    """Read one HTML file: its `article`, `main` or body, without what stands on every page. `name` as for Markdown."""
    try:
        front, page, line = _front_of_page(_decoded(_bytes(path, name)), name)
        soup = BeautifulSoup(page, "html.parser")
        named = soup.find("title")
        excerpt, tags = _meta(soup, "description"), _meta(soup, "keywords")
        body = _main_part(soup)
        heading = body.find("h1")
        title = _one_line(heading) or _one_line(named) or _title_of(Path(name).stem)
        if isinstance(named, Tag):
            named.extract()
        if isinstance(heading, Tag):
            heading.decompose()
        content = soup_to_markdown(body, lead=lead)
    except BrokenArticle as error:
        return error
    except (NestedTooDeeplyError, RecursionError):
        return BrokenArticle(name, 1, "the HTML is nested too deeply.")
    if not content:
        return BrokenArticle(name, 1, "the page has no text.")
    folders = [_title_of(folder)[:200] for folder in Path(name).parts[:-1]][:2]
    article = Article(
        id=imported_id(source, name),
        slug=slug_of(title, Path(name).stem),
        title=title[:300],
        content=content + "\n",
        excerpt=excerpt[:2_000],
        category=folders[0] if folders else "",
        subcategory=folders[1] if len(folders) > 1 else "",
        tags=tuple(dict.fromkeys(word.strip()[:100] for word in tags.split(",") if word.strip()))[:MOST_WORDS],
        created=now,
        updated=now,
    )
    try:
        if front.values:
            read = {name: getattr(article, name) for name in ("title", "excerpt", "category", "subcategory")}
            front.values = {**read, "tags": list(article.tags), **front.values, "slug": article.slug, "id": article.id}
            article = build_article(front, article.content, line, now=now)
    except BrokenArticle as error:
        return error
    return Found(name, 1, incoming(source, name, _hidden_by_folder(article, name)))


def _front_of_page(text: str, name: str) -> tuple[FrontMatter, str, int]:
    """Return the front matter that makers of sites put above a page's HTML, if there is any, the HTML, and the line it begins on."""
    if first_line(text) != MARK:
        return FrontMatter(name, {}, {}), text, 1
    front, page, line = split_front_matter(text, name)
    translate(front)
    front.values.pop("id", None)
    return front, page, line


def _hidden_by_folder(article: Article, name: str) -> Article:
    """Keep what stands in a folder of drafts, as makers of sites do, from readers."""
    return replace(article, status="draft") if "_drafts" in Path(name).parts[:-1] else article


def _parts(path: Path, name: str) -> tuple[FrontMatter, str, int]:
    """Return a Markdown file's front matter, its text, and the line that the text begins on."""
    text = _LONE_RETURN.sub("\n", _text(path, name))
    text = _COMMENTS.sub(lambda found: "\n" * found[0].count("\n"), text, count=1)  # lines keep their numbers
    mark = first_line(text)
    if mark.startswith("+++"):
        raise BrokenArticle(name, 1, "front matter in TOML (+++) is not read; write it as YAML between lines of ---.")
    if mark.startswith("{") and _begins_with_json(text):
        raise BrokenArticle(name, 1, "front matter in JSON is not read; write it as YAML between lines of ---.")
    if mark != MARK:
        return FrontMatter(name, {}, {}), text.lstrip("\ufeff"), 1
    front, body, line = split_front_matter(text, name)
    translate(front)
    return front, body, line


def _begins_with_json(text: str) -> bool:
    try:
        value, _ = json.JSONDecoder().raw_decode(text.lstrip("\ufeff\n\r\t "))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)


def _has_id(front: FrontMatter) -> bool:
    return front.values.get("id") is not None


def _id_of(front: FrontMatter, source: str) -> str:
    return front.text("id", limit=64) if _has_id(front) else imported_id(source, front.file)


def _bytes(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise BrokenArticle(name, 1, f"the file is larger than {LARGEST // 1024**2} MiB.")
        return path.read_bytes()
    except OSError as error:
        raise BrokenArticle(name, 1, f"the file cannot be read: {error.strerror}.") from error


def _text(path: Path, name: str) -> str:
    raw = _bytes(path, name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BrokenArticle(name, raw[: error.start].count(b"\n") + 1, "the file is not UTF-8.") from error


def _decoded(raw: bytes) -> str:
    """Decode a page: as UTF-8, else as it says it is, else as Windows and old web servers wrote."""
    for encoding in ("utf-8-sig", EncodingDetector.find_declared_encoding(raw, is_html=True), "cp1252"):
        try:
            return raw.decode(encoding or "ascii")
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("utf-8", "replace")


def _take_title(front: FrontMatter, body: str, line: int, stem: str) -> tuple[str, int]:
    """See that there is a title. A heading that is the title is taken out of the text, for a page shows it above."""
    tokens = parse(body)
    first = tokens[0] if tokens else None
    leads = first is not None and first.type == "heading_open" and first.map is not None
    heading = inline_text(tokens[1]) if leads else ""
    title: Any = front.values.get("title")
    if title in (None, ""):
        title = heading or next(
            (
                inline_text(tokens[n + 1])
                for n, one in enumerate(tokens)
                if one.type == "heading_open" and one.tag == "h1"
            ),
            "",
        )
        title = (title or _title_of(stem))[:300]
        front.values["title"] = title
    rest = body.split("\n")
    if leads and first is not None and first.map is not None and heading.strip().lower() == str(title).strip().lower():
        without = rest[first.map[1] :]
        if "\n".join(without).strip():
            return "\n".join(without), line + first.map[1]
    return body, line


def _title_of(name: str) -> str:
    words = _WORDS_BETWEEN.sub(" ", name).strip()
    return words[:1].upper() + words[1:] or name


def _main_part(soup: BeautifulSoup) -> Tag:
    for name in ("article", "main"):
        found = soup.find_all(name)
        if len(found) == 1 and found[0].get_text(strip=True):
            return found[0]
    body = soup.find("body")
    part = body if isinstance(body, Tag) else soup
    for element in part.find_all(["nav", "header", "footer", "aside", "form"]):
        if element.name != "header" or element.find("h1") is None:
            element.decompose()
    return part


def _one_line(element: Any) -> str:
    return " ".join(element.get_text().replace("\x00", "").split()) if isinstance(element, Tag) else ""


def _meta(soup: BeautifulSoup, name: str) -> str:
    element = soup.find("meta", attrs={"name": name})
    return " ".join(str(element.get("content") or "").split()) if isinstance(element, Tag) else ""
