"""A ticket that waits for the customer: set by a person, over when the customer writes. Its resolution clock stands still."""

from __future__ import annotations

from datetime import datetime

from core.database import Database, Transaction
from core.errors import Conflict, StaleEpoch
from handoff.ownership import announce
from handoff.records import Conversation, Staff
from handoff.sla.clocks import clocks_of, pause, resume
from handoff.sla.escalations import hold, run_on
from handoff.transcript import get_conversation
from tickets import ticketing


async def wait_for_customer(
    database: Database, conversation_id: str, agent: Staff, *, epoch: int, on: bool, at: datetime
) -> None:
    """Say that nothing can be done until the customer has written, or with `on` false that there is again.

    Idempotent by the ticket's status.

    Raises:
        StaleEpoch: the conversation is not this agent's in this epoch.
        Conflict: it has no ticket, or the customer is the one who waits.
    """
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if conversation.agent_id != agent.id or conversation.epoch != epoch:
            raise StaleEpoch("This conversation is not yours any more. Open it again to see who has it.")
        if on:
            await start_waiting(tx, conversation, at)
        elif conversation.ticket_id is not None:
            await customer_is_back(tx, conversation.ticket_id, at)
        await announce(tx, conversation_id, at=at)


async def start_waiting(tx: Transaction, conversation: Conversation, at: datetime) -> None:
    """Let the conversation's ticket wait for the customer, under the conversation's lock.

    Raises:
        Conflict: there is no ticket, or a reply is owed.
    """
    if conversation.ticket_id is None:
        raise Conflict("This conversation has no open ticket that could wait.")
    clocks = await clocks_of(tx.connection, conversation.ticket_id)
    if any(clock.unanswered for clock in clocks if clock.metric != "resolution"):
        raise Conflict("The customer waits for your reply. Reply first; then the ticket can wait for them.")
    await ticketing.set_status(tx, conversation.ticket_id, "pending", at=at)
    stopped = await pause(tx, conversation.ticket_id, at)
    if stopped is not None:
        await hold(tx, stopped, at)


async def customer_is_back(tx: Transaction, ticket_id: str, at: datetime) -> None:
    """End the wait of a ticket that waits for its customer; any other is left as it is."""
    if (await ticketing.get_ticket(tx.connection, ticket_id)).status == "pending":
        await ticketing.set_status(tx, ticket_id, "open", at=at)
        await stop_waiting(tx, ticket_id, at)


async def stop_waiting(tx: Transaction, ticket_id: str, at: datetime) -> None:
    """Let the resolution clock run on where it stands still, and what is planned for it too."""
    running = await resume(tx, ticket_id, at)
    if running is not None:
        await run_on(tx, running, at)
