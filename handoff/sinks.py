"""What systems outside are told of, and under which names."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "conversation.handed_over": "A conversation was handed to people, with its whole package.",
    "conversation.claimed": "A person has taken a conversation, from the queue or from a colleague.",
    "conversation.released": "A conversation went back to the queue.",
    "conversation.resolved": "A person has finished; the assistant has the conversation again.",
    "conversation.reopened": "The customer came back to a resolved ticket.",
    "message.created": "Customer or agent wrote in a conversation that people have or that waits for them.",
    "sla.warning": "A clock has used the share of its target at which people are warned.",
    "sla.breach": "A clock has passed its deadline.",
    "sla.escalation": "An escalation rule calls for a webhook.",
    "rating.created": "The customer has rated the help.",
}
"""Kinds that an endpoint may ask for, and when each is sent."""
