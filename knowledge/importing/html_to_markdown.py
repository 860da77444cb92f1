"""HTML of other help centres to Markdown, by markdownify: what cannot be shown is dropped, no text is, and no text becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from markdownify import ATX, MarkdownConverter

from knowledge.importing.end_tags import end_where_the_next_begins

_DROPPED = ("script", "style", "noscript", "template", "link", "meta", "object", "embed", "canvas", "svg", "math")
_SCHEMES = re.compile(r"(?:https?|mailto|tel):|(?![a-z][a-z0-9+.\-]*:)", re.IGNORECASE)
_HIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_ENCODED = {ord(" "): "%20", ord("("): "%28", ord(")"): "%29", ord("<"): "%3C", ord(">"): "%3E"}
_LANGUAGE = re.compile(r"(?:language|lang|brush)[-:]\s*([\w+#.-]{1,30})")
_INLINE_MARKS = re.compile(r"([\\`*\[\]~]|<(?=[a-zA-Z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_]))")
_BLOCK_MARKS = re.compile(r"(^|\n)([ \t]*)(#{1,6}(?=\s|$)|[-+>=](?!\w)|>|\d{1,9}(?=[.)](?:\s|$)))")
_LONG_BLANK = re.compile(r"(?<![ \t])[ \t]{50,}")
"""A row of blanks that shows as one. markdownify looks for a line's end anew from each of them, which would be quadratic."""
_PIPE = re.compile(r"(?<!\\)\|")


class NestedTooDeeplyError(ValueError):
    """The HTML has hundreds of elements inside one another."""


def to_markdown(html: str, *, base: str = "", lead: Callable[[str], str] = str) -> str:
    """Convert a piece of HTML to Markdown.

    Args:
        html: untrusted; scripts, styles and addresses that run code are left out here, and rendering cleans once more.
        base: the address that relative links and pictures belong to, if it is known.
        lead: returns where a link is to lead, for where it leads.

    Raises:
        NestedTooDeeplyError: it is nested beyond what any article is.
    """
    return soup_to_markdown(BeautifulSoup(html, "html.parser"), base=base, lead=lead)


def soup_to_markdown(soup: Tag, *, base: str = "", lead: Callable[[str], str] = str) -> str:
    """Convert a parsed piece of HTML to Markdown; it is changed on the way.

    Raises:
        NestedTooDeeplyError: it is nested beyond what any article is.
    """
    try:
        _prepare(soup, base, lead)
        markdown = str(_Converter(heading_style=ATX, bullets="-", code_language_callback=_language).convert_soup(soup))
    except RecursionError as error:
        raise NestedTooDeeplyError("the HTML is nested too deeply.") from error
    return re.sub(r"\n{3,}", "\n\n", markdown.replace("\x00", "")).strip()


def _prepare(soup: Tag, base: str, lead: Callable[[str], str]) -> None:
    for element in soup.find_all(_DROPPED):
        element.decompose()
    end_where_the_next_begins(soup)
    _prepare_addresses(soup, base, lead)
    for element in soup.find_all(["dl", "dt", "dd", "details", "summary"]):
        if element.name in ("dt", "summary") and element.contents:
            words = Tag(name="strong")
            words.extend(list(element.contents))
            element.append(words)
            element.name = "p"
        else:
            element.name = "div"
    _settle_numbers(soup)
    for table in soup.find_all("table"):
        _widen(table)
    for text in soup.find_all(string=_LONG_BLANK):
        if text.find_parent("pre") is None:
            text.replace_with(_LONG_BLANK.sub(" ", text))


def _prepare_addresses(soup: Tag, base: str, lead: Callable[[str], str]) -> None:
    """Make links of videos, lead links where they are to lead, and leave no address that may not stay."""
    for frame in soup.find_all(["iframe", "video", "audio", "source"]):
        address = _address(frame.get("src"), base)
        if address:
            frame.name, frame.attrs = "a", {"href": address}
            frame.string = str(frame.get_text() or address)
        else:
            frame.unwrap()
    for element in soup.find_all(["a", "img"]):
        name = "href" if element.name == "a" else "src"
        address = _address(element.get(name), base)
        if address:
            element[name] = lead(address) if element.name == "a" else address
        elif element.name == "img":
            element.replace_with(str(element.get("alt") or ""))
        else:
            del element[name]


def _settle_numbers(soup: Tag) -> None:
    """Put numbers where the conversion reads some: the columns of a cell, the beginning of a list."""
    for name in ("colspan", "start"):
        for element in soup.select(f"[{name}]"):
            element[name] = str(_number(element, name))


def _address(value: Any, base: str) -> str:
    """Return an address that may stay, whole if `base` is known; nothing for one that runs code or holds data."""
    address = _HIDDEN.sub("", str(value or "")).strip().translate(_ENCODED)
    if not address or not _SCHEMES.match(address):
        return ""
    try:
        return urljoin(base, address) if base else address
    except ValueError:
        return ""


def _widen(table: Tag) -> None:
    """Give the first row as many cells as the widest one: Markdown leaves out what has no heading above it."""
    rows = [row for row in table.find_all("tr") if row.find_parent("table") is table]
    widths = [sum(_number(cell, "colspan") for cell in row.find_all(["td", "th"], recursive=False)) for row in rows]
    for _ in range(max(widths, default=0) - (widths[0] if widths else 0)):
        rows[0].append(Tag(name="th" if rows[0].find("th") else "td"))


def _number(element: Tag, name: str) -> int:
    """Return a number from 1 to 1,000 of an element; 1 for what is none, such as `²`, which is a digit to Python."""
    value = str(element.get(name) or "")
    return max(1, min(1000, int(value[:5]))) if value.isdecimal() else 1


def _language(block: Tag) -> str:
    for element in (block, *block.find_all("code", limit=1)):
        found = _LANGUAGE.search(" ".join(str(one) for one in element.get_attribute_list("class") if one))
        if found:
            return found[1]
    return ""


class _Converter(MarkdownConverter):
    """Escapes what would be read as markup and nothing more: an editor goes on in this text."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        escaped = _INLINE_MARKS.sub(r"\\\1", text or "")
        if "_inline" in parent_tags:
            # In a heading, number signs at the end would be taken for its closing.
            return _without_closing(escaped)
        return _BLOCK_MARKS.sub(_escape_block, escaped)

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_td(el, _PIPE.sub(r"\\|", text), parent_tags))  # type: ignore[misc]

    def convert_th(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_th(el, _PIPE.sub(r"\\|", text), parent_tags))  # type: ignore[misc]


def _without_closing(heading: str) -> str:
    """Escape the number signs at a heading's end. By hand: a pattern looks for the end anew from each sign of a long row."""
    words = heading.rstrip()
    text = words.rstrip("#")
    return heading if text == words else f"{text}\\{heading[len(text) :]}"


def _escape_block(found: re.Match[str]) -> str:
    start, space, mark = found.groups()
    return f"{start}{space}{mark}\\" if mark[0].isdigit() else f"{start}{space}\\{mark}"
