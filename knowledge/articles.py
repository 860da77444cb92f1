"""An article of the help centre, who may see it, and what is said of a file that is none."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Literal
from urllib.parse import quote

from core.errors import Conflict, Invalid

Audience = Literal["customer", "internal", "both"]
Visibility = Literal["public", "authenticated", "internal"]
Status = Literal["draft", "published"]


class Viewer(IntEnum):
    """Who is asking. A viewer sees the articles of their own level and below."""

    ANONYMOUS = 0
    """A visitor nobody knows: public articles."""
    CUSTOMER = 1
    """A customer whose identity was proved: public and authenticated articles."""
    STAFF = 2
    """An agent or editor: every published article."""


SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""An article's part of its address."""
MOST_WORDS = 200
"""Tags of an article at most, and articles that it names as related: a page asks for all of these in one statement."""
MOST_COUNTED = 1_000_000_000
"""Votes or views of one article; more is no count, and the database's whole numbers end soon after."""
_OPENING = 8
"""Words."""
_NOT_EDITORIAL = ("created", "updated", "reviewed", "helpful", "not_helpful", "views")


class BrokenArticle(Invalid):
    """A file that is no article. The message reads `FILE:LINE: reason`."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


class StaleVersion(Conflict):
    """An edit was made on a version that has been replaced since. Nothing was written."""

    code = "stale_version"


@dataclass(frozen=True)
class Article:
    """One article of the help centre, as an editor knows it. Votes and views are those it starts with."""

    id: str
    slug: str
    title: str
    content: str
    created: datetime
    updated: datetime
    excerpt: str = ""
    category: str = ""
    subcategory: str = ""
    tags: tuple[str, ...] = ()
    audience: Audience = "customer"
    visibility: Visibility = "public"
    related: tuple[str, ...] = ()
    author: str = ""
    reviewed: datetime | None = None
    helpful: int = 0
    not_helpful: int = 0
    views: int = 0
    status: Status = "published"

    @property
    def level(self) -> int:
        """Who may see it: 0 everyone, 1 customers who are known, 2 staff only."""
        if self.audience == "internal":
            return 2
        return {"public": 0, "authenticated": 1, "internal": 2}[self.visibility]

    @property
    def is_public(self) -> bool:
        """Whether the help centre has a page of it, as `visible_to` tells of a row."""
        return self.status == "published" and self.level == Viewer.ANONYMOUS

    @property
    def url(self) -> str:
        """Where the help centre shows it, if it does."""
        return article_url(self.slug)

    @property
    def content_hash(self) -> str:
        """SHA-256 of all that an editor writes; votes, views and dates are not in it."""
        return hashlib.sha256(json.dumps(self.written, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def written(self) -> dict[str, Any]:
        """All that an editor writes, by field: what a version keeps."""
        return {name: value for name, value in asdict(self).items() if name not in _NOT_EDITORIAL}


def permanent_url(article_id: str) -> str:
    """Return the address that leads to an article's page whatever its slug is."""
    return f"/help/id/{quote(article_id, safe='')}"


def article_url(slug: str) -> str:
    """Return where the help centre shows the article at `slug`."""
    return f"/help/{slug}"


def opening_of(text: str) -> str:
    """Return the first words of a text: the title of an article that came without one."""
    return " ".join(text.split(maxsplit=_OPENING)[:_OPENING])
