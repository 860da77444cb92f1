"""Front matter of other tools, read as an article's own: their names for its fields, and what says there that not everybody may read it.

What is not understood is passed over, so whatever hides a page elsewhere has to be understood here, or it would be published.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from rapidfuzz.distance import OSA

from knowledge.article_files import FrontMatter
from knowledge.articles import Article
from knowledge.importing.found import truth

_ELSEWHERE = {
    "description": "excerpt", "summary": "excerpt", "date": "created", "created_at": "created", "lastmod": "updated",
    "last_updated": "updated", "updated_at": "updated", "modified": "updated", "keywords": "tags",
}  # fmt: skip
"""How other tools' front matter calls an article's fields."""
_OWN = frozenset(Article.__dataclass_fields__) - {"content"}
_HIDING = ("private", "hidden", "unlisted", "internal")
"""Fields that, when true, keep a page from some or from all; how many of them could read it is not told, so staff alone do here."""
_HIDDEN_STATES = frozenset({"draft", "unpublished", "archived", "inactive", "pending", "scheduled", "private"})
"""What `state` says of a page that nobody is to read yet, or any more."""
_OPEN_ACCESS = frozenset({"public", "everyone", "all", "open"})
_DECIDING = ("visibility", "audience")
"""Fields that decide who may read, and that nobody must miss by a typing mistake."""
_MISTAKES = 2


def translate(front: FrontMatter) -> None:
    """Give other tools' fields the names that an article has, and leave out what it has not.

    Raises:
        BrokenArticle: a field is meant to say who may read the article, and does not say it.
    """
    _in_small_letters(front)
    values = front.values
    _hide(front)
    for foreign, own in _ELSEWHERE.items():
        if values.get(foreign) is not None and values.get(own) is None:
            values[own] = values[foreign]
    _take_lists(values)
    for name in [name for name in values if name not in _OWN]:
        meant = next((own for own in _DECIDING if own not in values and OSA.distance(name, own) <= _MISTAKES), None)
        if meant is not None:
            raise front.broken(name, f"{name} is no field of an article; if {meant} is meant, write that.")
        del values[name]


def _in_small_letters(front: FrontMatter) -> None:
    """Take `Visibility` for `visibility`; which of both was meant where both are there, nobody knows."""
    lines: dict[str, int] = {}
    for name in list(front.values):
        small = name.casefold()
        lines[small] = front.lines.get(name, 1)
        if small == name:
            continue
        if small in front.values:
            raise front.broken(name, f"{small} is there a second time, as {name}.")
        front.values[small] = front.values.pop(name)
    front.lines = {**lines, **front.lines}


def _hide(front: FrontMatter) -> None:
    """Let what hides a page count, whatever else says that it may be read."""
    values = front.values
    draft = _told(front, "draft")
    if draft:
        values["status"] = "draft"
    elif draft is False:
        values.setdefault("status", "published")
    if not _is_date(values.get("published")) and _told(front, "published") is False:
        values["status"] = "draft"
    if str(values.get("state") or "").strip().casefold() in _HIDDEN_STATES:
        values["status"] = "draft"
    access = values.get("access")
    closed = bool(access) and str(access).strip().casefold() not in _OPEN_ACCESS
    if closed or any(_told(front, name) for name in _HIDING):
        values["visibility"] = "internal"


def _told(front: FrontMatter, name: str) -> bool | None:
    """Return whether a field says yes; None where it is not there or empty. Whatever else it says might hide the page."""
    value = front.values.get(name)
    if value is None or value == "":
        return None
    told = truth(value)
    if told is None:
        raise front.broken(name, f"{name} is {value!r}; it must be true or false.")
    return told


def _is_date(value: object) -> bool:
    """Tell whether `published` says when, as it does elsewhere, and not whether."""
    if not isinstance(value, str):
        return isinstance(value, date)
    try:
        return bool(datetime.fromisoformat(value.strip()))
    except ValueError:
        return False


def _take_lists(values: dict[str, Any]) -> None:
    """Take lists where an article has one value, and the other way round."""
    for named in ("categories", "category"):
        if isinstance(values.get(named), list):
            places = [str(one) for one in values[named]]
            values.update(zip(("category", "subcategory"), places, strict=False))
    if isinstance(values.get("category"), list):
        del values["category"]
    if isinstance(values.get("tags"), str):
        values["tags"] = [word.strip() for word in values["tags"].split(",") if word.strip()]
    if isinstance(values.get("author"), (dict, list)):
        del values["author"]
