"""Links from one imported article to another: they come to lead to its permanent address here.

That address names the article's id, which its source's own id decides. So it is known before the other article is read, stays when an
editor changes the slug, and tells nobody the title of an article that they may not see.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from markdown_it.common.normalize_url import normalizeLink
from markdown_it.common.utils import unescapeAll

from core.text import in_one_line
from knowledge.articles import permanent_url
from knowledge.importing.found import Format, beside_each_other, imported_id
from knowledge.importing.markdown_code import code_spans, pieces
from knowledge.rendering import anchor, links_of

Lead = Callable[[str], str]
"""Returns the address that a link is to have, for the one that it has."""
PAGES = (".md", ".markdown", ".html", ".htm")
"""How the names of files end that become articles, each its own."""
_NUMBER = r"(?P<id>\d{1,20})(?=[-/]|$)"
_ADDRESSES: dict[Format, re.Pattern[str]] = {
    "zendesk": re.compile(rf"/hc/(?:(?P<locale>[a-z]{{2,3}}(?:-[a-z0-9]+)*)/)?articles/{_NUMBER}", re.IGNORECASE),
    "intercom": re.compile(rf"(?:/[\w.-]+){{0,3}}/articles/{_NUMBER}"),
    "freshdesk": re.compile(rf"(?:/[\w-]+){{0,2}}/solutions?(?:/[\w-]+){{0,4}}/articles/{_NUMBER}"),
}
"""The paths of vendors' articles, whatever stands behind the number."""
_SHARED_HOST = "intercom.help"
_ADDRESS = r"<[^<>\n]*>|(?:[^\s()<>]|\([^\s()<>]*\))+"
_MARKS = re.compile(rf"\\.|(?P<open>!?\[)|\](?:\(\s*(?P<address>{_ADDRESS})(?=\s*\)|\s+[\"'(]))?", re.DOTALL)
"""What begins and ends a link or picture, with its address; what no title or end follows is none."""
_DEFINITION = re.compile(rf"^(?P<before>[^\[\n]*\[(?:[^\]\\]|\\.)+\]:\s*)(?P<address>{_ADDRESS})(?=\s|$)", re.MULTILINE)
"""The address of the links that a label names, in what stands between the blocks."""
_ANCHOR = re.compile(r"section-[\w-]+")


@dataclass
class Links:
    """What the links of an import lead to."""

    ids: set[str] = field(default_factory=set)
    """Ids of the articles that came from the same sources before, and of those in exports."""
    known: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The ids of those that came before, by source and what they are called there."""
    id_of_file: Callable[[str], str | None] = lambda _name: None
    """Returns the id of the article that a file of the import becomes, by the file's name."""
    left: dict[str, str] = field(default_factory=dict)
    """What links lead to that is neither imported nor here, each with the first file that has such a link. They stay as they are."""

    def of_file(self, name: str, source: str) -> Lead:
        """Return where the links of the file `name` are to lead."""

        def lead(address: str) -> str:
            parts = _split(address)
            target = None if parts is None else _path_meant(parts, name)
            if parts is None or target is None:
                return address
            article_id = next(filter(None, (self._id_of(file, source) for file in _files_at(target))), None)
            if article_id is not None:
                return permanent_url(article_id) + (f"#{_own_anchor(parts.fragment)}" if parts.fragment else "")
            if _is_page(target) or not parts.path.startswith(
                "/"
            ):  # the others may be pages of the site around the help centre
                self.left.setdefault(in_one_line(target), name)
            return address

        return lead

    def _id_of(self, file: str, source: str) -> str | None:
        before = (self.known.get((beside, file)) for beside in beside_each_other(source))
        return self.id_of_file(file) or next(filter(None, before), None)

    def of_export(self, vendor: Format, source: str, file: str, own: Collection[str]) -> Lead:
        """Return where the links of a vendor's article are to lead; `own` are its own addresses, as far as they are known."""
        sites = {_site(parts) for parts in map(_split, filter(None, own)) if parts is not None} | {""}

        def lead(address: str) -> str:
            parts = _split(address)
            meant = None if parts is None else _ADDRESSES[vendor].match(parts.path)
            if parts is None or meant is None or not (vendor == "freshdesk" or _site(parts) in sites):
                return address
            named = meant.groupdict()
            for source_id in (*_translations(named["id"], named.get("locale") or ""), named["id"]):
                article_id = imported_id(source, source_id)
                if article_id in self.ids:
                    return permanent_url(article_id)
            # Freshdesk's articles do not tell their address: another site's may be another company's.
            if vendor != "freshdesk" or not parts.netloc or (parts.hostname or "").endswith(".freshdesk.com"):
                self.left.setdefault(address.partition("#")[0], file)
            return address

        return lead


def relinked(markdown: str, lead: Lead) -> str:
    """Return `markdown` with its links led elsewhere; code, pictures and what only looks like a link stay as they are."""
    if "](" not in markdown and "]:" not in markdown:
        return markdown
    led = {href: _led(href, lead) for href in links_of(markdown)}

    def to(address: str) -> str:
        href = normalizeLink(unescapeAll(address.strip("<>")))
        return address if led.get(href, href) == href else led[href]

    made = []
    for kind, text in pieces(markdown):
        if kind == "text":
            made.append(_with_links(text, to))
        elif kind == "between":
            made.append(_DEFINITION.sub(lambda found: found["before"] + to(found["address"]), text))
        else:
            made.append(text)
    return "\n".join(made)


def _with_links(text: str, to: Lead) -> str:
    """Return a block's text with the addresses of its links as `to` says."""
    parts, place, opened = [], 0, list[str]()
    for found in _marks(text):
        if found["open"]:
            opened.append(found["open"])
        elif found[0][0] == "]" and opened and opened.pop() == "[" and found["address"]:
            parts += [text[place : found.start("address")], to(found["address"])]
            place = found.end("address")
    return "".join([*parts, text[place:]])


def _marks(text: str) -> Iterator[re.Match[str]]:
    """Give what may begin or end a link, outside of code spans."""
    spans = [*code_spans(text), (len(text), len(text))]
    place = 0
    for start, end in spans:
        while (found := _MARKS.search(text, place)) is not None and found.start() < start:
            yield found
            place = found.end()
        place = max(place, end)


def _led(href: str, lead: Lead) -> str:
    """Lead within the page itself to its heading, and from it wherever `lead` says."""
    return f"#{_own_anchor(href[1:])}" if href.startswith("#") and len(href) > 1 else lead(href)


def _own_anchor(fragment: str) -> str:
    """Return the `id` that a heading has here, for the one that other tools make of it."""
    return fragment if _ANCHOR.fullmatch(fragment) else anchor(unquote(fragment))


def _translations(number: str, locale: str) -> tuple[str, str]:
    """Return what an article's translation may be called: exports write `pt-br`, and `pt-BR`."""
    language, _, region = locale.lower().partition("-")
    return f"{number}:{locale.lower()}", f"{number}:{language}-{region.upper()}"


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _path_meant(parts: SplitResult, name: str) -> str | None:
    """Return what in the folder a link in the file `name` leads to; one that begins at the root does at the folder's."""
    path = unquote(parts.path)
    if parts.scheme or parts.netloc or not path:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path) if path[0] != "/" else path.lstrip("/"))


def _files_at(path: str) -> tuple[str, ...]:
    """Return the files that a path may mean: itself, or what makers of sites show where no ending is named."""
    if _is_page(path):
        return (path,)
    pages = ("index", "README") if path == "." else (path, f"{path}/index", f"{path}/README")
    return tuple(page + ending for page in pages for ending in PAGES)


def _is_page(path: str) -> bool:
    return path.casefold().endswith(PAGES)


def _site(parts: SplitResult) -> str:
    """Return whose site an address is of: the host, and of one that companies share, the company too."""
    host = (parts.hostname or "").removeprefix("www.")
    return f"{host}/{parts.path.lstrip('/').partition('/')[0]}" if host == _SHARED_HOST else host
