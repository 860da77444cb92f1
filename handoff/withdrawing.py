"""A customer who waits for a person changes their mind: out of the queue, and back to the assistant."""

from __future__ import annotations

from datetime import datetime

from core.database import Database
from core.errors import Conflict
from handoff.ownership import change_owner
from handoff.pending import stop_waiting
from handoff.records import BOT, QUEUE
from handoff.repeats import handled_before
from handoff.routing.assigning import tell
from handoff.sla.clocks import cancel_clocks
from handoff.transcript import get_conversation
from tickets import ticketing


async def withdraw(database: Database, conversation_id: str, *, client_id: str, at: datetime) -> None:
    """Close the ticket of a conversation that waits for a person, and give it back to the bot.

    The ticket is closed, not resolved: nobody helped, so its clocks are cancelled, and the next question is the assistant's instead of
    opening it again. Idempotent by (conversation, client id); where nobody waits nothing changes.

    Raises:
        Conflict: a person has it by now.
    """
    async with database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if conversation.agent_id is not None:
            raise Conflict("A person is here already. Tell them that you need nothing more.")
        if await handled_before(tx, conversation_id, client_id, at=at) or conversation.owner != QUEUE:
            return
        if conversation.ticket_id is not None:
            await ticketing.set_status(tx, conversation.ticket_id, "closed", at=at)
            await stop_waiting(tx, conversation.ticket_id, at)
            await cancel_clocks(tx, conversation.ticket_id, at)
        back = await change_owner(tx, conversation, BOT, at=at, reason=None, ticket_id=None)
        await tell(tx, back, "withdrawn", at=at)
