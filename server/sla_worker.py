"""The worker of SLA clocks: sleeps until something is due, and fires, escalates and measures again what is."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.errors import BatonError
from core.events import Event
from handoff.escalating import escalate_due, fire, next_moment
from handoff.measuring import apply_to_open_tickets
from server import metrics
from server.service import Service

log = structlog.get_logger()
POLL_SECONDS = 0.5
"""The longest sleep: what another process has made due is found by then. A look costs two indexed reads."""
FIRED_AT_ONCE = 200


async def run_clocks(service: Service) -> None:
    """Fire SLA warnings, breaches and escalations as they fall due; what fell due while nobody looked is done first."""
    woken = asyncio.Event()

    def wake(events: list[Event]) -> None:
        # Owner, priority and rules: what can make something due at once. A message's clock has minutes.
        if any(event.kind in {"conversation", "clock"} for event in events):
            woken.set()

    service.database.listen(wake)
    while True:
        woken.clear()
        pause = POLL_SECONDS
        try:
            while await fire_once(service) or await apply_to_open_tickets(service.database, service.clock.now()):
                pass
            async with service.database.glance() as reader:
                pause = seconds_until(await next_moment(reader), service.clock.now())
        except (SQLAlchemyError, OSError, BatonError):
            log.exception("SLA clocks were not looked at")
        with contextlib.suppress(TimeoutError):
            # Not `wait_for`: before Python 3.12 it swallows a cancellation that comes together with what it waits for.
            async with asyncio.timeout(pause):
                await woken.wait()


def seconds_until(due: datetime | None, now: datetime) -> float:
    """Return how long to sleep: until something is due, at most a poll."""
    return POLL_SECONDS if due is None else min(POLL_SECONDS, max(0.0, (due - now).total_seconds()))


async def fire_once(service: Service) -> bool:
    """Do what is due by now; tells whether there may be more. While nothing is due it costs two indexed reads."""
    now = service.clock.now()
    async with service.database.glance() as reader:
        due = await next_moment(reader)
    if due is None or due > now:
        return False
    async with service.database.write() as tx:
        fired = await fire(tx, now, FIRED_AT_ONCE)
    for one in fired:
        metrics.CLOCKS_FIRED.labels(one.clock.metric, one.what).inc()
        log.warning("SLA " + one.what, ticket=one.clock.ticket_id, metric=one.clock.metric, due=one.at.isoformat())
    escalated = await escalate_due(service.database, now)
    return bool(fired) or escalated > 0
