"""What a page is about, as a question: words of its title, its address and what its site says, with nobody's data in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from knowledge.masking import masked

LONGEST = 300
"""Characters of the question; a page is about a few things at most."""
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)?")
_DIVIDERS = re.compile(r"\s+[|·•–—»:-]+\s+|:\s+|\s*[|·•»]\s*")
_SILENT = (
    "index home html htm php aspx jsp www app en de fr es it us gb page pages view edit new show list details "
    "default main dashboard help category demo"
)
_SAYS_NOTHING = frozenset(_SILENT.split())
"""Parts of addresses that are there for the machine's sake."""
_MASK = re.compile(r"\[[a-z]+\]")


def question_of_page(url: str, title: str, context: str, *, site_names: Iterable[str] = ()) -> str:
    """Return what to search for, empty where the page says nothing.

    Only words are kept. Query string and fragment are dropped, and so is every part of the path with a digit or an `@` in
    it: ids, tokens, dates, addresses. What is left of e-mail addresses, numbers and links in the title is masked.

    Args:
        url: the page's address.
        title: its title.
        context: what the site itself says that the page is about; it then decides alone.
        site_names: names of the site, which say nothing about the page.
    """
    if context.strip():
        return _joined([_without_masks(context)])
    unsaid = {name.casefold() for name in site_names if name}
    parts = [part.strip() for part in _DIVIDERS.split(_without_masks(title)) if part.strip()]
    telling = [part for part in parts if part.casefold() not in unsaid] if len(parts) > 1 else parts
    return _joined([*telling, " ".join(_path_words(url))], unsaid)


def path_of(url: str) -> str:
    """Return an address's path, `/` where it has none or is no address."""
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return "/"


def _path_words(url: str) -> list[str]:
    found = []
    for part in unquote(path_of(url)).split("/"):
        # Somebody's own things: a customer, an order, a file. Their names are not what the page is about.
        if any(character.isdigit() for character in part) or "@" in part or len(part) > 60:
            continue
        found += [word for word in re.split(r"[-_.+ ]+", part) if word.casefold() not in _SAYS_NOTHING]
    return found


def _joined(texts: Iterable[str], unsaid: Iterable[str] = ()) -> str:
    words: dict[str, str] = {}
    for text in texts:
        for word in _WORD.findall(text):
            if word.casefold() not in unsaid:
                words.setdefault(word.casefold(), word)
    return " ".join(words.values())[:LONGEST].strip()


def _without_masks(text: str) -> str:
    return _MASK.sub(" ", masked(text[:1_000]))
