"""Routes conversations: assigns what waits, and takes back what agents left unanswered who fell silent or are gone."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from handoff.routing.dispatching import assign_waiting
from handoff.routing.presence import present
from handoff.routing.silence import Absences, give_up, holders
from server import metrics
from server.outage import Outage
from server.service import Service

log = structlog.get_logger()
LOOK_SECONDS = 2.0
"""Between looks while nothing is heard: working hours begin, and other processes' agents come and go."""


async def run_routing(service: Service) -> None:
    """Work until cancelled; woken by what changes in the queue and among the staff."""
    absences = Absences(timedelta(minutes=service.settings.silent_minutes))
    moved = service.news.to_route
    outage = Outage("who is on duty is not known; nothing is assigned")
    while True:
        moved.clear()
        try:
            await route_once(service, absences)
            outage.over()
        except RedisError as error:
            outage.met(error)
        except (SQLAlchemyError, OSError):
            log.exception("conversations were not routed")
        with contextlib.suppress(TimeoutError):
            # Not `wait_for`: before Python 3.12 it swallows a cancellation that comes together with what it waits for.
            async with asyncio.timeout(LOOK_SECONDS):
                await moved.wait()


async def route_once(service: Service, absences: Absences) -> None:
    """Do one round. While Redis does not say who is there, nobody gets anything and nobody counts as silent.

    Raises:
        RedisError: it does not say.
    """
    now = service.clock.now()
    async with service.database.read() as reader:
        having, former = await holders(reader)
    for agent in sorted(former):
        await _give_up(service, agent, left=True)
    try:
        there = await present(service.redis, now)
    except RedisError:
        absences.forget()
        raise
    for agent in absences.observe(having - former, there, now):
        await _give_up(service, agent, left=False)
    assigned = await assign_waiting(service.database, there, service.settings.assignment, at=now)
    metrics.ASSIGNED.inc(assigned)


async def _give_up(service: Service, agent: str, *, left: bool) -> None:
    returned = await give_up(service.database, agent, left=left, at=service.clock.now())
    if returned:
        log.warning("an agent's chats went back to the queue", agent=agent, chats=returned, left=left)
