"""What a running service consists of, handed to every route and worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web
from redis.asyncio import Redis

from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from server.bot import Bot
from server.deliveries import DeliveryWorker
from server.hub import Hub
from server.limits import Counters
from server.news import News
from server.settings import Settings
from server.turns import TurnRunner
from server.typists import Typists
from tickets.reading import Head

if TYPE_CHECKING:
    # Brings numpy, which the first chats do without.
    from knowledge.retriever import Retriever


@dataclass
class Service:
    """The parts, each opened by `server.app` and closed by it."""

    settings: Settings
    identity_secret: str
    """What host sites sign identity tokens with."""
    clock: Clock
    database: Database
    redis: Redis
    counters: Counters
    hub: Hub
    bot: Bot
    turns: TurnRunner
    news: News
    typists: Typists
    deliveries: DeliveryWorker
    retriever: Retriever | None = None
    head: Head | None = None
    """What triage learned from labelled tickets; None until it is loaded, and where nothing was."""
    parts: dict[str, str] = field(default_factory=dict)
    """State of each part for `/readyz`, in a word."""

    def knowledge(self) -> Retriever:
        """Return the retriever.

        Raises:
            Unavailable: it is not ready yet.
        """
        if self.retriever is None:
            raise Unavailable("The knowledge base is still loading. Try again in a few seconds.")
        return self.retriever

    def presence_changed(self, staff_id: str | None = None) -> None:
        """Have places in the queue and the list of colleagues looked up anew; desks are told of this agent in any case."""
        self.news.presence_changed(staff_id)


SERVICE = web.AppKey("service", Service)
