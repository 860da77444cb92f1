"""What systems outside are told of reviews, under which names and in what form; written in the transaction that makes it true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.clock import iso
from core.database import Transaction
from core.outbox import enqueue

if TYPE_CHECKING:
    from knowledge.reviews import Review

OPENED = "review.opened"
CLOSED = "review.closed"
KINDS = {
    OPENED: "An article fails more readers than it helps, and somebody has to review it.",
    CLOSED: "A person has reviewed an article, and says what came of it.",
}
"""Kinds that an endpoint may ask for, and when each is sent."""


async def tell_opened(tx: Transaction, review: Review) -> None:
    """Tell that an article is to be reviewed, and why. Idempotent by review."""
    await enqueue(tx, OPENED, f"review_opened:{review.id}", _told(review), at=review.opened_at)


async def tell_closed(tx: Transaction, review: Review) -> None:
    """Tell what came of a review. Idempotent by review."""
    if review.closed_at is None:
        raise ValueError("An open review has nothing to tell of its end.")
    outcome = {
        "outcome": review.outcome,
        "note": review.note,
        "closed_at": iso(review.closed_at),
        "closed_by": {"id": review.closed_by, "name": review.closed_by_name},
    }
    told = _told(review)
    await enqueue(
        tx, CLOSED, f"review_closed:{review.id}", {**told, "review": {**told["review"], **outcome}}, at=review.closed_at
    )


def _told(review: Review) -> dict[str, Any]:
    article = {
        "id": review.article_id,
        "slug": review.slug,
        "title": review.title,
        "status": review.article_status,
        "version": review.article_version if review.closed_version is None else review.closed_version,
    }
    opened = {
        "id": review.id,
        "opened_at": iso(review.opened_at),
        "reasons": list(review.reasons),
        "votes": {"helpful": review.helpful, "not_helpful": review.not_helpful},
    }
    return {"article": article, "review": opened}
