"""What a customer has missed, told as it stands now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from core.events import Event, events_after
from handoff.tables import pressed_buttons

MOST_MISSED = 500
"""Events that are told at a time; who has missed more asks again."""


async def missed_events(reader: Reader, conversation_id: str, number: int) -> list[Event]:
    """Return the first `MOST_MISSED` events after `number` that are for the customer, in order.

    An event keeps its message as it was said; buttons that were pressed since are marked as used.
    """
    events = await events_after(reader, conversation_id, number, audiences=["customer", "both"], limit=MOST_MISSED)
    asking = [event.data["message"]["id"] for event in events if _buttons(event)]
    if not asking:
        return events
    found = await reader.execute(sa.select(pressed_buttons.c.button_id).where(pressed_buttons.c.message_id.in_(asking)))
    pressed = set(found.scalars())
    return [_with_presses(event, pressed) for event in events]


def _buttons(event: Event) -> list[dict[str, Any]]:
    return event.data["message"].get("buttons") or [] if event.kind == "message" else []


def _with_presses(event: Event, pressed: set[str]) -> Event:
    buttons = [{**button, "used": button["id"] in pressed} for button in _buttons(event)]
    return replace(event, data={"message": {**event.data["message"], "buttons": buttons}}) if buttons else event
