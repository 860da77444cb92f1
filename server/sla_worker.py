"""The worker of SLA clocks: sleeps until something is due, and fires, escalates and measures again what is.

Clocks and escalations are two loops: an escalation is a write of its own, and a clock that falls due waits for one of them at most.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.database import Reader
from core.errors import BatonError
from core.events import Event
from handoff.sla.clocks import next_due
from handoff.sla.escalating import escalate_due, fire
from handoff.sla.escalations import next_escalation
from handoff.sla.measuring import apply_to_open_tickets
from server import metrics
from server.service import Service
from server.workers import work_together

log = structlog.get_logger()
POLL_SECONDS = 0.5
"""The longest sleep: what another process has made due is found by then. A look costs an indexed read."""
FIRED_AT_ONCE = 100


async def run_clocks(service: Service) -> None:
    """Fire SLA warnings, breaches and escalations as they fall due; what fell due while nobody looked is done first."""
    clocks, escalations = asyncio.Event(), asyncio.Event()

    def wake(events: list[Event]) -> None:
        # Owner, priority and rules: what can make something due at once. A message's clock has minutes.
        if any(event.kind in {"conversation", "clock"} for event in events):
            clocks.set()
            escalations.set()

    async def look_at_clocks() -> bool:
        fired = await fire_clocks(service)
        if fired:
            escalations.set()
        return fired or await apply_to_open_tickets(service.database, service.clock.now())

    async def look_at_escalations() -> bool:
        return await escalate(service)

    with service.database.listening(wake):
        await work_together(
            _do_when_due(service, clocks, look_at_clocks, next_due),
            _do_when_due(service, escalations, look_at_escalations, next_escalation),
        )


async def fire_clocks(service: Service) -> bool:
    """Fire what is due by now; tells whether there may be more. While nothing is due it costs an indexed read."""
    now = service.clock.now()
    if not await _is_due(service, next_due, now):
        return False
    async with service.database.write() as tx:
        fired = await fire(tx, now, FIRED_AT_ONCE)
    for one in fired:
        metrics.CLOCKS_FIRED.labels(one.clock.metric, one.what).inc()
        log.warning("SLA " + one.what, ticket=one.clock.ticket_id, metric=one.clock.metric, due=one.at.isoformat())
    return bool(fired)


async def escalate(service: Service) -> bool:
    """Escalate what is due by now; tells whether there may be more. While nothing is due it costs an indexed read."""
    now = service.clock.now()
    return await _is_due(service, next_escalation, now) and await escalate_due(service.database, now) > 0


_NextMoment = Callable[[Reader], Awaitable[datetime | None]]


async def _is_due(service: Service, next_moment: _NextMoment, now: datetime) -> bool:
    async with service.database.glance() as reader:
        due = await next_moment(reader)
    return due is not None and due <= now


async def _do_when_due(
    service: Service, woken: asyncio.Event, work: Callable[[], Awaitable[bool]], next_moment: _NextMoment
) -> None:
    """Do `work` until nothing is due, sleep until something is, and so on until cancelled."""
    while True:
        woken.clear()
        pause = POLL_SECONDS
        try:
            while await work():
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
