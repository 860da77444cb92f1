"""What the readers give: articles with their place in a file, and the fields that every source spells in its own way."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, cast

from core.text import in_one_line
from knowledge.articles import MOST_COUNTED, MOST_WORDS, Article, BrokenArticle
from knowledge.intake import Incoming, Source

Format = Literal["markdown", "html", "beir", "zendesk", "intercom", "freshdesk"]
FORMATS: tuple[Format, ...] = ("markdown", "html", "beir", "zendesk", "intercom", "freshdesk")
VENDORS: tuple[Format, ...] = ("zendesk", "intercom", "freshdesk")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Found:
    """An article and where it stands, for what there may be to say of it later."""

    file: str
    line: int
    incoming: Incoming


Read = Found | BrokenArticle


def incoming(
    source: str, source_id: str, article: Article, *, slug_is_own: bool = False, level_is_told: bool = True
) -> Incoming:
    """Say where an article comes from. What counts as changed there is all that is written, not dates, votes or views.

    What is shown in one line, and on a terminal, is one line, in which nothing steers a terminal or turns the direction of text.
    """
    article = replace(
        article,
        title=in_one_line(article.title) or article.slug,
        category=in_one_line(article.category),
        subcategory=in_one_line(article.subcategory),
        author=in_one_line(article.author),
    )
    return Incoming(article, Source(source, source_id, article.content_hash), slug_is_own, level_is_told)


def source_of(format: Format, folder: str) -> str:
    """Return what the source of a folder's files of one format is called, unless somebody names it."""
    return f"{format}:{folder}"[:120]


def beside_each_other(source: str) -> tuple[str, ...]:
    """Return the sources whose files stand in one folder with those of `source`, and link to each other."""
    format, _, folder = source.partition(":")
    return (source_of("markdown", folder), source_of("html", folder)) if format in ("markdown", "html") else (source,)


def imported_id(source: str, source_id: str) -> str:
    """Return the id of the article that a source's own id becomes: always the same, and no other's."""
    return "im_" + hashlib.sha256(f"{source}\x00{source_id}".encode()).hexdigest()[:24]


def slug_of(title: str, otherwise: str) -> str:
    """Return a title as a part of an address; `otherwise` serves one without a Latin letter or digit."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return (
        _NOT_IN_SLUG.sub("-", plain)[:80].strip("-") or _NOT_IN_SLUG.sub("-", otherwise.lower()).strip("-") or "article"
    )


def truth(value: Any) -> bool | None:
    """Return whether a value says yes, in any way that exports and people write it; None where it says neither."""
    said = value.strip().casefold() if isinstance(value, str) else value
    if said in (1, "1", "true", "yes", "y", "on"):
        return True
    return False if said in (0, "0", "false", "no", "n", "off") else None


@dataclass(frozen=True)
class Fields:
    """The fields of one object of an export, taken with their types checked; a complaint names the object's line."""

    file: str
    line: int
    values: Mapping[str, Any]

    def broken(self, reason: str) -> BrokenArticle:
        """Say what is wrong with the object."""
        return BrokenArticle(self.file, self.line, reason)

    def id(self, name: str = "id") -> str:
        """Return an id, which may be a number."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).strip():
            raise self.broken(f"the article has no {name}.")
        return str(value).strip()

    def text(self, *names: str, limit: int | None = None) -> str:
        """Return the first of these fields that holds text, cut at `limit` characters."""
        for name in names:
            value = self.values.get(name)
            if value is not None and not isinstance(value, str):
                raise self.broken(f"{name} is not text.")
            if value and value.strip():
                return value.strip()[:limit]
        return ""

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of words."""
        value = self.list(name)
        if not all(isinstance(one, (str, int)) for one in value):
            raise self.broken(f"{name} is not a list of words.")
        if len(value) > MOST_WORDS:
            raise self.broken(f"{name} has {len(value):,} words; {MOST_WORDS} are the most.")
        return tuple(dict.fromkeys(str(one).strip()[:100] for one in value if str(one).strip()))

    def list(self, name: str) -> Sequence[Any]:
        """Return a list, an empty one if it is not there."""
        value = self.values.get(name) or []
        if not isinstance(value, list):
            raise self.broken(f"{name} is not a list.")
        return value

    def count(self, name: str) -> int:
        """Return a number of 0 or more; anything else, and what no count can be, counts as 0."""
        value = self.values.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST_COUNTED:
            return int(value)
        return 0

    def flag(self, name: str) -> bool:
        """Return whether something is so; what is not there is not."""
        value = self.values.get(name)
        told = False if value in (None, "") else truth(value)
        if told is None:
            raise self.broken(f"{name} is {value!r}; it must be true or false.")
        return told

    def moment(self, name: str, otherwise: datetime) -> datetime:
        """Return a date: ISO 8601, or seconds since 1970."""
        value = self.values.get(name)
        if value in (None, ""):
            return otherwise
        try:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, UTC)
            moment = datetime.fromisoformat(cast("str", value))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, OSError) as error:
            raise self.broken(f"{name} is {value!r}, which is no date.") from error
