"""A conversation as its customer sees it, with what has to be looked up: names, place in the queue, the bot's state."""

from __future__ import annotations

from core.database import Reader
from core.events import last_event
from customers.accounts import get_customer
from handoff.records import QUEUE, Conversation
from handoff.staff import staff_names
from handoff.views import ConversationView, conversation_view
from handoff.waiting import queue_state
from server.service import Service


async def customer_view(service: Service, reader: Reader, conversation: Conversation) -> ConversationView:
    """Look up and write what the customer's side of the protocol calls a Conversation."""
    agent = None
    if conversation.agent_id is not None:
        agent = (await staff_names(reader)).get(conversation.agent_id, "A colleague")
    customer = None
    if conversation.customer_id is not None:
        customer = (await get_customer(reader, conversation.customer_id)).name
    queue = None
    if conversation.owner == QUEUE:
        queue = (await queue_state(reader, service.redis, service.clock.now())).view(conversation.id)
    return conversation_view(
        conversation,
        last_event=await last_event(reader, conversation.id),
        bot=service.bot.state,
        agent=agent,
        customer=customer,
        queue=queue,
    )
