"""What was asked and what came of it: the log of searches, with personal data masked before it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa

from core.clock import Clock
from core.database import Database
from core.identifiers import new_id
from knowledge.articles import Viewer
from knowledge.tables import searches

Outcome = Literal["answered", "unanswered"]

LONGEST_QUESTION = 1_000

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


async def log_search(
    db: Database,
    *,
    question: str,
    surface: str,
    viewer: Viewer,
    article_ids: Sequence[str],
    outcome: Outcome,
    confidence: float,
    clock: Clock,
    conversation_id: str | None = None,
) -> str:
    """Keep one search, its question masked, and return its id."""
    search_id = new_id("se")
    async with db.write() as tx:
        await tx.execute(
            sa.insert(searches).values(
                id=search_id,
                question=masked(question),
                surface=surface[:32],
                viewer=viewer.name.lower(),
                results=list(article_ids),
                outcome=outcome,
                confidence=confidence,
                conversation_id=conversation_id,
                searched_at=clock.now(),
            )
        )
    return search_id


async def record_opened(db: Database, search_id: str, article_id: str) -> None:
    """Keep that one of a search's results was opened; the first stays. Idempotent by the search's id."""
    async with db.write() as tx:
        await tx.execute(
            sa.update(searches).where(searches.c.id == search_id, searches.c.opened.is_(None)).values(opened=article_id)
        )
