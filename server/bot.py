"""Speaking to Rasa: one HTTP call a turn, sticky by conversation, and whether it is there at all."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import aiohttp
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Unavailable

if TYPE_CHECKING:
    from core.embedding import Vectors

log = structlog.get_logger()
BotState = Literal["starting", "ready", "down"]
LATE_LOOKS = 3
"""Looks in a row that a ready server may be late for: one that works at full load answers turns, and is not away."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")


class BotButton(_Model):
    """A button that the bot wants shown; its payload stays in the service."""

    title: str
    payload: str


class BotReply(_Model):
    """One utterance of a turn."""

    text: str | None = None
    buttons: list[BotButton] = Field(default_factory=list)
    custom: dict[str, Any] | None = None


class BotMatter(_Model):
    """One of several things that a message asks for."""

    name: str
    confidence: float
    text: str


class BotUnderstanding(_Model):
    """What the assistant made of the message."""

    intent: str | None = None
    confidence: float | None = None
    ranking: list[dict[str, Any]] = Field(default_factory=list)
    intents: list[BotMatter] = Field(default_factory=list, max_length=8)
    entities: list[dict[str, Any]] = Field(default_factory=list)
    language: str | None = Field(None, max_length=8)
    signals: list[dict[str, Any]] = Field(default_factory=list)


class ActionFailed(Unavailable):
    """Rasa is there; something that it tried to do for the customer failed."""


class _NotReached(Unavailable):
    """No connection to a server came about: it has heard nothing."""


class BotTurn(_Model):
    """All that Rasa answers to one message."""

    replies: list[BotReply]
    understanding: BotUnderstanding = Field(default_factory=BotUnderstanding)


class TextVector(NamedTuple):
    """The vector of a message, shape [1, d], and the fingerprint of the encoder that made it."""

    encoder: str
    values: Vectors


@dataclass
class Bot:
    """The Rasa servers behind the service.

    Args:
        urls: their addresses; a conversation goes to the same one while that is ready, else to its second one, and so on.
        token: the secret that both sides know.
        http: the session to call with.
        timeout: seconds until silence counts as a failure.
        look: the same for a look whether a server is there.
    """

    urls: Sequence[str]
    token: str
    http: aiohttp.ClientSession
    timeout: float
    look: float = 2.0

    def __post_init__(self) -> None:
        self.state: BotState = "starting"
        self._headers = {"Authorization": f"Bearer {self.token}"}
        self._changed = asyncio.Event()
        self._away: set[str] = set()
        self._encoders: dict[str, str | None] = {}
        """The encoder of each server that was ready at the last look; None where it takes no vectors."""
        self._late: Counter[str] = Counter()
        """How many looks in a row each server has been late for."""

    def reads_vectors_of(self, encoder: str) -> bool:
        """Tell whether every server that is there has this encoder, so that it need not encode what came with a vector."""
        return bool(self._encoders) and set(self._encoders.values()) == {encoder}

    async def ask(
        self,
        rasa_id: str,
        conversation_id: str,
        *,
        text: str | None,
        payload: str | None,
        vector: TextVector | None = None,
    ) -> BotTurn:
        """Have one message answered. A server whose encoder is not the vector's reads the text and leaves the vector alone.

        Raises:
            Unavailable: Rasa is not there, is late, or answered with an error or with nothing.
        """
        body: dict[str, Any] = {
            "conversation": rasa_id,
            **({"text": text} if payload is None else {"payload": payload}),
        }
        if vector is not None:
            values = base64.b64encode(vector.values.astype("<f4").tobytes()).decode()
            body["vector"] = {"encoder": vector.encoder, "values": values}
        servers = self._servers_of(conversation_id)
        for url in servers[:-1]:
            try:
                return await self._ask(url, body)
            except _NotReached:
                # It has heard nothing, so another one may be asked.
                self._away.add(url)
        return await self._ask(servers[-1], body)

    def _servers_of(self, conversation_id: str) -> list[str]:
        """Return the servers that are not known to be away, or all if they are, a conversation's own first.

        Rendezvous hashing (Thaler and Ravishankar 1998): who goes or comes moves only its own conversations.
        """
        there = [url for url in self.urls if url not in self._away] or list(self.urls)
        if len(there) == 1:
            return there
        return sorted(
            there, key=lambda url: hashlib.blake2b(f"{url} {conversation_id}".encode(), digest_size=8).digest()
        )

    async def _ask(self, url: str, body: dict[str, Any]) -> BotTurn:
        try:
            async with self.http.post(
                f"{url}/webhooks/baton/turn",
                json=body,
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self.timeout),
            ) as response:
                if response.status == 502 and await _is_action_failure(response):
                    raise ActionFailed("An action of the assistant failed.")
                if response.status != 200:
                    raise Unavailable(f"Rasa answered with status {response.status}.")
                turn = BotTurn.model_validate(await response.json())
        except aiohttp.ClientConnectorError as error:
            raise _NotReached(f"Rasa did not answer: {type(error).__name__}.") from error
        except aiohttp.ClientOSError as error:
            # A kept connection that the server had closed meanwhile: not a byte of the message was written.
            unwritten = isinstance(error.__cause__, aiohttp.ClientConnectionResetError)
            failure = _NotReached if unwritten else Unavailable
            raise failure(f"Rasa did not answer: {type(error).__name__}.") from error
        except (aiohttp.ClientError, TimeoutError, ValidationError, ValueError) as error:
            raise Unavailable(f"Rasa did not answer: {type(error).__name__}.") from error
        if not turn.replies:
            raise Unavailable("Rasa answered with nothing.")
        return turn

    async def check(self) -> BotState:
        """Ask every server whether it is ready, and remember: `starting` until the first one is, `down` once none is."""
        answers = await asyncio.gather(*(self._ready(url) for url in self.urls))
        said = dict(zip(self.urls, answers, strict=True))
        self._encoders = {url: answer.get("encoder") for url, answer in said.items() if answer is not None}
        away = {url for url, answer in said.items() if answer is None}
        if self._encoders and away != self._away:
            log.info("bot servers", ready=len(self.urls) - len(away), away=sorted(away))
        self._away = away
        if self._encoders:
            self.mark("ready")
        elif self.state == "ready":
            self.mark("down")
        return self.state

    def mark(self, state: BotState) -> None:
        """Remember that the bot came or went, and wake whoever waits for it."""
        if state != self.state:
            log.info("bot", state=state, before=self.state)
            self.state = state
        if state == "ready":
            self._changed.set()
        else:
            self._changed.clear()

    async def until_ready(self, patience: float) -> bool:
        """Wait until the bot is ready, `patience` seconds at most; tells whether it is."""
        try:
            async with asyncio.timeout(patience):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _ready(self, url: str) -> dict[str, Any] | None:
        """Return what a server says of itself, None where it is not ready."""
        try:
            async with self.http.get(
                f"{url}/webhooks/baton/ready", headers=self._headers, timeout=aiohttp.ClientTimeout(total=self.look)
            ) as response:
                said = await response.json() if response.status == 200 else None
        except TimeoutError:
            self._late[url] += 1
            known = url in self._encoders and self._late[url] < LATE_LOOKS
            return {"encoder": self._encoders[url]} if known else None
        except (aiohttp.ClientError, ValueError):
            return None
        self._late.pop(url, None)
        return said if isinstance(said, dict) else None


async def _is_action_failure(response: aiohttp.ClientResponse) -> bool:
    body = await response.json(content_type=None)
    return isinstance(body, dict) and (body.get("error") or {}).get("code") == "action_failed"
