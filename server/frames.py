"""The frames that a customer's client sends, validated, and what each does."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import Invalid
from handoff.handing_over import hand_over
from handoff.records import Message
from handoff.repeats import handled_before
from handoff.speaking import press_as_customer, say_as_customer
from handoff.taking_over import rate, save_email
from handoff.transcript import get_conversation
from handoff.views import MessageView, message_view
from handoff.withdrawing import withdraw
from handoff.wording import TALK_TO_PERSON, clean_email
from server import metrics
from server.api import SMALL_BODY, check_size, parse_json, storable
from server.beginning import beginning
from server.limits import limit
from server.service import Service

_CLIENT_ID = re.compile(r'"client_id"\s*:\s*"([^"\\]{1,60})"')


class _Frame(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class MessageFrame(_Frame):
    """The customer says something."""

    type: Literal["message"]
    client_id: str
    text: str


class PressFrame(_Frame):
    """The customer presses a button."""

    type: Literal["press"]
    client_id: str
    button: str = Field(max_length=100)


class PersonFrame(_Frame):
    """The customer asks for a person, bot or no bot."""

    type: Literal["person"]
    client_id: str


class WithdrawFrame(_Frame):
    """The customer does not want to wait for a person any longer."""

    type: Literal["withdraw"]
    client_id: str


class EmailFrame(_Frame):
    """Where to reply when nobody is on duty."""

    type: Literal["email"]
    client_id: str
    email: str


class RateFrame(_Frame):
    """How the help was, 1 to 5."""

    type: Literal["rate"]
    client_id: str
    score: int
    comment: str = ""


class TypingFrame(_Frame):
    """The customer is writing, or has stopped."""

    type: Literal["typing"]
    on: bool


class PingFrame(_Frame):
    """The client is there."""

    type: Literal["ping"]


Frame = Annotated[
    MessageFrame | PressFrame | PersonFrame | WithdrawFrame | EmailFrame | RateFrame | TypingFrame | PingFrame,
    Field(discriminator="type"),
]
_frames: TypeAdapter[Frame] = TypeAdapter(Frame)
FRAME_TYPES = ("message", "press", "person", "withdraw", "email", "rate", "typing", "ping")


class AckView(BaseModel):
    """It is stored. `message` is what it became, if it became one."""

    type: Literal["ack"] = "ack"
    client_id: str
    message: MessageView | None


def client_id_of(text: str) -> str | None:
    """Return the client id that stands in a frame, found without reading the frame: what refuses it names it."""
    found = _CLIENT_ID.search(text)
    return found and found.group(1)


def read_frame(raw: str | bytes) -> Frame:
    """Read and validate a frame.

    Raises:
        TooLarge: it is longer than any frame has to be.
        Invalid: it is no JSON in UTF-8, of no known type, or not of that type's form.
    """
    check_size(raw, SMALL_BODY, "frame")
    return parse_frame(parse_json(raw))


def parse_frame(value: Any) -> Frame:
    """Validate a frame.

    Raises:
        Invalid: it is of no known type, or not of that type's form.
    """
    if not isinstance(value, dict) or value.get("type") not in FRAME_TYPES:
        raise Invalid(f"A frame is a JSON object whose type is one of {', '.join(FRAME_TYPES)}.", field="type")
    try:
        return _frames.validate_python(storable(value))
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"][1:]) or None
        raise Invalid(f"{field}: {problem['msg']}.", field=field) from error


async def act(
    service: Service, conversation_id: str, visitor_id: str, name: str, frame: Frame
) -> dict[str, Any] | None:
    """Do what a frame asks for; returns the ack, or None where none is due."""
    now = service.clock.now()
    message: Message | None = None
    if isinstance(frame, PingFrame):
        return {"type": "pong"}
    if isinstance(frame, TypingFrame):
        await service.typists.show(conversation_id, name, on=frame.on)
        return None
    most = service.settings.messages_per_minute
    await limit(service.counters, service.clock, "messages", visitor_id, most=most)
    database = service.database
    begun = False
    if isinstance(frame, MessageFrame | PressFrame):
        given: dict[str, Any] = {"client_id": frame.client_id, "name": name, "at": now, "runner": service.turns.runner}
        with beginning(service.turns.begin) as stored:
            if isinstance(frame, MessageFrame):
                message = await say_as_customer(database, conversation_id, text=frame.text, stored=stored, **given)
            else:
                message = await press_as_customer(
                    database, conversation_id, button_id=frame.button, stored=stored, **given
                )
        begun = stored.begun
    if isinstance(frame, PressFrame) and message is not None:
        pressed = {"message_id": frame.button.rpartition(".")[0], "button_id": frame.button}
        service.hub.send(conversation_id, {"type": "live", "event": "button", "data": pressed}, fleeting=True)
        if message.payload == TALK_TO_PERSON[1]:
            await ask_for_person(service, conversation_id, epoch=message.epoch)
    elif not isinstance(frame, MessageFrame | PressFrame):
        await _request(service, conversation_id, frame)
    if message is not None:
        metrics.MESSAGES.labels("customer").inc()
        if message.turn == "pending" and not begun:
            service.turns.wake(conversation_id)
    view = None if message is None else message_view(message)
    return {"type": "ack", "client_id": frame.client_id, "message": view}


async def _request(
    service: Service, conversation_id: str, frame: PersonFrame | WithdrawFrame | EmailFrame | RateFrame
) -> None:
    """Do what a frame asks for that becomes no message of the customer's."""
    given: dict[str, Any] = {"client_id": frame.client_id, "at": service.clock.now()}
    if isinstance(frame, PersonFrame):
        await ask_for_person(service, conversation_id, client_id=frame.client_id)
    elif isinstance(frame, WithdrawFrame):
        if await withdraw(service.database, conversation_id, runner=service.turns.runner, **given):
            service.turns.wake(conversation_id)
    elif isinstance(frame, EmailFrame):
        await save_email(service.database, conversation_id, clean_email(frame.email), **given)
    else:
        await rate(service.database, conversation_id, frame.score, frame.comment, **given)


async def ask_for_person(
    service: Service, conversation_id: str, *, client_id: str | None = None, epoch: int | None = None
) -> None:
    """Hand over because the customer asked. Asking again while waiting changes nothing.

    Args:
        service: the running service.
        conversation_id: the conversation.
        client_id: of the frame that asked, so that repeating it later hands nothing over again; None where a message has it.
        epoch: when it was asked, so that repeating an old press hands nothing over again; None is now.
    """
    async with service.database.write() as tx:
        conversation = await get_conversation(tx.connection, conversation_id, lock=True)
        if client_id is not None and await handled_before(tx, conversation_id, client_id, at=service.clock.now()):
            return
        if epoch is not None and conversation.epoch != epoch:
            return
        before = conversation.owner
        after = await hand_over(tx, conversation, "asked", at=service.clock.now(), head=service.head)
    if after.owner != before:
        metrics.HANDOFFS.labels(after.reason or "asked").inc()
