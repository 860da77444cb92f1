"""What was asked and what came of it: the log of searches, with personal data masked before it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from pydantic import TypeAdapter

from core.database import Database, Transaction
from core.identifiers import new_id
from knowledge.articles import Viewer
from knowledge.tables import searches

Outcome = Literal["answered", "unanswered"]

LONGEST_QUESTION = 1_000
_INSERT = sa.insert(searches)

_MASKS = (
    ("[email]", re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")),
    ("[link]", re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("[secret]", re.compile(r"\b(?=[\w\-]*\d)(?=[\w\-]*[A-Za-z])[\w\-]{24,}\b")),
    ("[iban]", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")),
    ("[address]", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")),
    ("[number]", re.compile(r"(?<![\w.])\+?\(?\d(?:[\s().\-/]*\d){6,}(?![\w.])")),
)


def masked(question: str) -> str:
    """Return `question` without e-mail and IP addresses, links, secrets, account, card and telephone numbers, cut to 1,000."""
    text = question[: LONGEST_QUESTION * 4]
    for name, pattern in _MASKS:
        text = pattern.sub(name, text)
    text = text.replace("\x00", "")
    return text if len(text) <= LONGEST_QUESTION else text[: LONGEST_QUESTION - 1] + "…"


@dataclass(frozen=True)
class SearchEntry:
    """One search as the log keeps it; `question` is masked already."""

    id: str
    question: str
    surface: str
    viewer: str
    results: list[str]
    outcome: Outcome
    confidence: float
    conversation_id: str | None
    searched_at: datetime


ENTRY_JSON: TypeAdapter[SearchEntry] = TypeAdapter(SearchEntry)
"""Turns an entry into JSON and back, for one that travels with the answer and is kept in the same transaction."""


def search_entry(
    question: str,
    *,
    surface: str,
    viewer: Viewer,
    article_ids: Sequence[str],
    outcome: Outcome,
    confidence: float,
    at: datetime,
    conversation_id: str | None = None,
) -> SearchEntry:
    """Describe a search for the log: its question masked, its results in order."""
    return SearchEntry(
        new_id("se"), masked(question), surface[:32], viewer.name.lower(), list(article_ids), outcome, confidence,
        conversation_id, at,
    )  # fmt: skip


async def log_search(tx: Transaction, entry: SearchEntry) -> None:
    """Keep one search."""
    await tx.execute(_INSERT, vars(entry))


async def record_opened(db: Database, search_id: str, article_id: str) -> None:
    """Keep that one of a search's results was opened; the first stays. Idempotent by the search's id."""
    async with db.write() as tx:
        await tx.execute(
            sa.update(searches).where(searches.c.id == search_id, searches.c.opened.is_(None)).values(opened=article_id)
        )
