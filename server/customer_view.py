"""A conversation as its customer sees it, with what has to be looked up: names, place in the queue, the bot's state."""

from __future__ import annotations

from typing import Any

from core.database import Reader
from core.events import Event, last_event
from customers.accounts import get_customer
from handoff.records import QUEUE, Conversation
from handoff.routing.waiting import queue_state
from handoff.staff import staff_names
from handoff.transcript import get_conversation, transcript
from handoff.views import ConversationView, IdentityView, conversation_view, message_view
from handoff.visitors import Visitor
from handoff.wording import masked_email
from server.service import Service


async def customer_view(service: Service, reader: Reader, conversation: Conversation) -> ConversationView:
    """Look up and write what the customer's side of the protocol calls a Conversation."""
    agent = None
    if conversation.agent_id is not None:
        agent = (await staff_names(reader, [conversation.agent_id])).get(conversation.agent_id, "A colleague")
    customer = None
    if conversation.customer_id is not None:
        account = await get_customer(reader, conversation.customer_id)
        customer = IdentityView(name=account.name, email=masked_email(account.email))
    queue = None
    if conversation.owner == QUEUE:
        state = await queue_state(reader, service.redis, service.clock.now(), [conversation.id])
        queue = state.view(conversation.id)
    return conversation_view(
        conversation,
        last_event=await last_event(reader, conversation.id),
        bot=service.bot.state,
        agent=agent,
        customer=customer,
        queue=queue,
    )


async def snapshot(service: Service, conversation_id: str) -> dict[str, Any]:
    """Write a conversation with its newest messages, as they stand at one moment."""
    async with service.database.read() as reader:
        conversation = await get_conversation(reader, conversation_id)
        view = await customer_view(service, reader, conversation)
        said = await transcript(reader, conversation_id, notes=False)
    return {"conversation": view, "messages": [message_view(message) for message in said]}


def event_frame(event: Event, view: ConversationView | None) -> dict[str, Any]:
    """Write an event as its customer sees it. `view` is the conversation as it stands, which only an event about it needs."""
    data = {"conversation": view} if event.kind == "conversation" else event.data
    return {"type": "event", "id": event.number, "event": event.kind, "data": data}


async def customer_name(service: Service, visitor: Visitor) -> str:
    """Return what a visitor is called beside what they say."""
    if visitor.customer_id is None:
        return "Visitor"
    async with service.database.read() as reader:
        return (await get_customer(reader, visitor.customer_id)).name or "Customer"
