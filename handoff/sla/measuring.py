"""Which policy a ticket is measured by, when it is opened and when something that the choice depends on has changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.database import Database, Reader, Transaction
from core.errors import Conflict
from core.events import record_event
from customers.accounts import Account, get_customer
from handoff.sla.clock_states import SlaClock
from handoff.sla.clocks import clocks_of, recompute, sla_clocks
from handoff.sla.escalations import drop_taken_back
from handoff.sla.policies import Policy, choose_policy
from handoff.sla.sla_rules import SlaRules, rule_versions, rules_of
from tickets.tables import tickets
from tickets.ticketing import Ticket, get_ticket
from tickets.vocabulary import FINISHED

AT_ONCE = 50
"""Open tickets that one transaction measures by a new version."""


def policy_for(policies: Sequence[Policy], ticket: Ticket, account: Account | None) -> Policy:
    """Return the policy that a ticket is measured by."""
    return choose_policy(
        policies,
        plan=account.plan if account else None,
        mrr=account.mrr if account else None,
        team=ticket.team,
        channel=ticket.source,
    )


async def measure_again(tx: Transaction, ticket: Ticket, at: datetime, rules: SlaRules | None = None) -> list[SlaClock]:
    """Measure a ticket's unanswered clocks from their start, by its priority and team as they are now; a finished ticket's stay.

    Call it after a change of priority or team. Idempotent: where nothing has changed, nothing does.

    Args:
        tx: the write that the change is part of.
        ticket: the ticket as it is now.
        at: now.
        rules: the version to measure by from now on; None for the one that the ticket has.
    """
    before = await clocks_of(tx.connection, ticket.id)
    # A breach that stayed unanswered would otherwise run again, with nobody left to answer.
    if not before or ticket.finished:
        return before
    rules = rules or await rules_of(tx.connection, max(clock.policy.version for clock in before))
    policy = policy_for(rules.policies, ticket, await _account(tx.connection, ticket))
    after = await recompute(tx, ticket, policy, at)
    await drop_taken_back(tx, zip(before, after, strict=True), at)
    return after


async def apply_to_open_tickets(database: Database, at: datetime) -> bool:
    """Measure some open tickets by the newest version, if its author wanted that; tells whether there may be more.

    Each call goes on where the last one stopped, whichever process made it.
    """
    async with database.glance() as reader:
        if await _unfinished(reader) is None:
            return False
    async with database.write() as tx:
        row = await _unfinished(tx.connection, lock=True)
        if row is None:
            return False
        # A version that a newer one has overtaken is not applied any more: the newer one says what counts.
        newest = (await tx.execute(sa.select(sa.func.max(rule_versions.c.version)))).scalar_one()
        found: list[str] = []
        if row.version == newest:
            open_clocks = sa.and_(sla_clocks.c.met_at.is_(None), sla_clocks.c.state != "cancelled")
            ids = await tx.execute(
                sa.select(sla_clocks.c.ticket_id)
                .distinct()
                .join(tickets, tickets.c.id == sla_clocks.c.ticket_id)
                .where(
                    open_clocks,
                    tickets.c.status.not_in(sorted(FINISHED)),
                    sla_clocks.c.ticket_id > (row.applied_through or ""),
                )
                .order_by(sla_clocks.c.ticket_id)
                .limit(AT_ONCE)
            )
            found = list(ids.scalars())
        rules = await rules_of(tx.connection, row.version)
        for ticket_id in found:
            ticket = await get_ticket(tx.connection, ticket_id)
            await measure_again(tx, ticket, at, rules)
            if ticket.conversation_id is not None:
                await record_event(tx, ticket.conversation_id, "conversation", {}, at=at)
        done = len(found) < AT_ONCE
        changed = await tx.execute(
            sa.update(rule_versions)
            .where(rule_versions.c.version == row.version, rule_versions.c.applied_at.is_(None))
            .values(applied_through=found[-1] if found else row.applied_through, applied_at=at if done else None)
        )
        if changed.rowcount != 1:
            raise Conflict("Another process has finished with these tickets.")
        return not done


async def _unfinished(reader: Reader, *, lock: bool = False) -> sa.Row[Any, Any] | None:
    query = (
        sa.select(rule_versions.c.version, rule_versions.c.applied_through)
        .where(rule_versions.c.for_open_tickets, rule_versions.c.applied_at.is_(None))
        .order_by(rule_versions.c.version)
        .limit(1)
    )
    found = await reader.execute(query.with_for_update() if lock else query)
    return found.one_or_none()


async def _account(reader: Reader, ticket: Ticket) -> Account | None:
    return None if ticket.customer_id is None else await get_customer(reader, ticket.customer_id)
