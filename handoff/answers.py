"""What the bot may answer with, and which articles it has shown in the present stretch of a conversation, for which question."""

from __future__ import annotations

from dataclasses import dataclass

from core.database import Reader
from handoff.records import Conversation
from handoff.transcript import transcript
from knowledge.articles import Viewer

BOT_LIMIT = 3
"""Articles that the bot's search of a question finds: one to show, and the next best for the log."""


def viewer_of(conversation: Conversation) -> Viewer:
    """Return what this conversation's customer may read."""
    return Viewer.ANONYMOUS if conversation.customer_id is None else Viewer.CUSTOMER


@dataclass(frozen=True)
class Shown:
    """What the customer asked before an article was shown, and every article shown since the bot took over."""

    question: str | None
    article_ids: frozenset[str]
    search_id: str | None = None
    """The search of the log that the question was."""
    passages: frozenset[tuple[str, str]] = frozenset()
    """Each article's id with the heading of the passage of it that was shown."""


async def shown_articles(reader: Reader, conversation: Conversation, article_id: str | None) -> Shown:
    """Look up what has been shown since the bot took over; what was said before a person helped is settled.

    Args:
        reader: where to look.
        conversation: in its present epoch.
        article_id: whose question is wanted, of several showings the last; None or one not shown: the last article's.
    """
    said = [
        message
        for message in await transcript(reader, conversation.id, notes=False)
        if message.epoch == conversation.epoch
    ]
    questions: dict[str, tuple[str | None, str | None]] = {}
    passages = set()
    asked = last = None
    for message in said:
        if message.author_kind == "customer" and message.payload is None:
            asked = message.text
        elif message.answer is not None:
            last = message.answer["article_id"]
            questions[last] = (asked, message.answer.get("search_id"))
            passages.add((last, message.answer["heading"]))
    wanted = article_id if article_id in questions else last
    question, search_id = questions[wanted] if wanted else (None, None)
    return Shown(question, frozenset(questions), search_id, frozenset(passages))
