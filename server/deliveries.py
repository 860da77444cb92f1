"""The outbox worker: sends what is due, side by side with the workers of other replicas, and says what became of it."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock, iso
from core.database import Database
from core.deliveries import purge_outbox
from core.errors import BatonError, NotFound
from core.outbox import (
    OUTBOX,
    Claimed,
    backoff,
    claim_due,
    due_endpoints,
    mark_delivered,
    mark_failed,
)
from core.webhook_endpoints import disable_endpoint, get_endpoint, secrets_of, signatures
from server import metrics
from server.outbound import check_url

log = structlog.get_logger()
POLL_SECONDS = 5.0
"""Between looks when nothing has woken this worker: what another replica has left is found then."""
AT_ONCE_EACH = 4
"""Deliveries that one process has in hand for one endpoint. A slow receiver holds up nobody but itself."""
SETTLED_DAYS = 30
"""Days that a delivered or dead delivery can be looked at and sent again."""
PURGE_EVERY = timedelta(hours=1)
LONGEST_READ = 2_048
"""Bytes that are read of an answer; the rest is left where it is."""


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt; `error` is None when the receiver has taken it."""

    status: int | None = None
    error: str | None = None
    asked: timedelta | None = None
    gone: bool = False


class DeliveryWorker:
    """Delivers from the outbox of one database.

    Args:
        database: where the outbox is.
        clock: what due times and leases are measured by.
        caller: what calls the receivers, from `server.outbound.open_caller`.
        private: whether this machine and private networks may be called.
        luck: draws the share of chance in the waits, 0 to 1.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        caller: aiohttp.ClientSession,
        *,
        private: bool,
        luck: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._caller = caller
        self._private = private
        self._luck = luck
        self._woken = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._in_hand: Counter[str] = Counter()
        self._purged: datetime | None = None
        database.wake(OUTBOX, self.wake)

    def wake(self) -> None:
        """Have the outbox looked at now."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver what falls due until cancelled. While nothing is due a look costs one index entry an endpoint."""
        try:
            while True:
                pause = POLL_SECONDS
                try:
                    pause = await self.start_due()
                    await self._purge_now_and_then()
                except (SQLAlchemyError, OSError):
                    log.exception("the outbox was not looked at")
                try:
                    async with asyncio.timeout(pause):
                        await self._woken.wait()
                except TimeoutError:
                    continue
                self._woken.clear()
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def deliver_due(self) -> None:
        """Send all that is due by now and wait for what becomes of it."""
        while True:
            await self.start_due()
            if not self._sending:
                return
            await asyncio.gather(*self._sending)

    async def start_due(self) -> float:
        """Begin to send what is due, as much as may be in hand; returns the seconds until there may be more."""
        now = self._clock.now()
        async with self._database.read() as reader:
            due = await due_endpoints(reader)
        pause = POLL_SECONDS
        for endpoint_id, first in due.items():
            free = AT_ONCE_EACH - self._in_hand[endpoint_id]
            if first > now:
                pause = min(pause, (first - now).total_seconds())
            elif free > 0:
                async with self._database.write() as tx:
                    claimed = await claim_due(tx, endpoint_id, now, free)
                for one in claimed:
                    self._begin(one)
        return pause

    def _begin(self, claimed: Claimed) -> None:
        self._in_hand[claimed.endpoint_id] += 1
        task = asyncio.create_task(self._deliver(claimed), name=f"delivery {claimed.id}")
        self._sending.add(task)

        def done(ended: asyncio.Task[None]) -> None:
            self._sending.discard(ended)
            self._in_hand[claimed.endpoint_id] -= 1
            self._woken.set()
            if not ended.cancelled() and (error := ended.exception()) is not None:
                # Its lease ends by itself, and it is tried again.
                log.error("a delivery broke", delivery=claimed.id, exc_info=error)

        task.add_done_callback(done)

    async def _deliver(self, claimed: Claimed) -> None:
        outcome = await self._send(claimed)
        now = self._clock.now()
        async with self._database.write() as tx:
            if outcome.error is None:
                await mark_delivered(tx, claimed, outcome.status or 200, at=now)
            else:
                wait = backoff(claimed.attempt, self._luck(), outcome.asked)
                await mark_failed(
                    tx, claimed, outcome.error, at=now, wait=wait, status=outcome.status, gone=outcome.gone
                )
                if outcome.gone:
                    await disable_endpoint(tx, claimed.endpoint_id, "The receiver answered 410 Gone.")
        dead = outcome.error is not None and (claimed.last or outcome.gone)
        metrics.DELIVERIES.labels("delivered" if outcome.error is None else "dead" if dead else "failed").inc()
        if outcome.error is not None:
            tell = log.error if dead else log.info
            tell("not delivered", delivery=claimed.id, attempt=claimed.attempt, error=outcome.error, dead=dead)

    async def _send(self, claimed: Claimed) -> Outcome:
        try:
            async with self._database.read() as reader:
                endpoint = await get_endpoint(reader, claimed.endpoint_id)
                secrets = await secrets_of(reader, claimed.endpoint_id)
            url = check_url(endpoint.url, private=self._private)
        except NotFound:
            return Outcome(error="The endpoint was deleted.")
        except BatonError as error:
            return Outcome(error=error.message)
        body = message_body(claimed)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Baton-Webhooks/1",
            **signatures(secrets, claimed.message_id, self._clock.now(), body),
        }
        try:
            async with self._caller.post(url, data=body, headers=headers, allow_redirects=False) as response:
                words = await response.content.read(LONGEST_READ)
                answered = _outcome(response, words)
                # What is left of a long answer is not wanted, and the connection neither.
                if not response.content.at_eof():
                    response.close()
                return answered
        except TimeoutError:
            return Outcome(error="The receiver did not answer in time.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(error=f"The receiver could not be reached: {error}")

    async def _purge_now_and_then(self) -> None:
        now = self._clock.now()
        if self._purged is None or now - self._purged >= PURGE_EVERY:
            self._purged = now
            async with self._database.write() as tx:
                await purge_outbox(tx, now - timedelta(days=SETTLED_DAYS))


def message_body(claimed: Claimed) -> bytes:
    """Write a message as it is sent: `type`, `timestamp` and `data`, as the Standard Webhooks specification advises."""
    message = {"type": claimed.kind, "timestamp": iso(claimed.at), "data": claimed.payload}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _outcome(response: aiohttp.ClientResponse, words: bytes) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        return Outcome(status)
    if status == 410:
        return Outcome(status, "The receiver answered 410 Gone; its endpoint was switched off.", gone=True)
    if 300 <= status < 400:
        return Outcome(status, f"The receiver answered {status}; redirects are not followed. Enter the final address.")
    said = " ".join(words.decode("utf-8", "replace").split())[:200]
    asked = response.headers.get("Retry-After", "")
    wait = timedelta(seconds=int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 7 else None
    return Outcome(
        status, f"The receiver answered {status}: {said}" if said else f"The receiver answered {status}.", wait
    )
