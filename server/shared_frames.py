"""Frames that many desks get alike: written as bytes of the wire once, however many listen."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from handoff.records import Staff
from handoff.sight import Standing, may_look


@dataclass
class Looks:
    """Whose desk it is, and what they look at.

    Attributes:
        member: who.
        view: the list that is shown.
        conversation_id: the conversation that is open, if one is.
    """

    member: Staff
    view: str = "queue"
    conversation_id: str | None = None

    def follow(self, standing: Standing) -> bool:
        """Tell whether what happens in a conversation is shown here: it is open, in the list, waiting for anybody, or theirs."""
        if standing.waits or standing.holder == self.member.id:
            return True
        if standing.conversation_id == self.conversation_id:
            return may_look(self.member, standing)
        if standing.holder is not None:
            return self.view == "colleagues" and may_look(self.member, standing)
        return self.view in {"bot", "resolved"} and may_look(self.member, standing)


def everybody(_looks: Looks) -> bool:
    """Tell that every desk needs it."""
    return True


@dataclass(frozen=True, eq=False)
class SharedFrame:
    """One event as desks get it.

    Attributes:
        event: its name.
        data: what it tells.
        needed_by: which desks need it. It is asked for each open desk, so it looks nothing up.
    """

    event: str
    data: Any
    needed_by: Callable[[Looks], bool] = everybody

    @cached_property
    def wire(self) -> bytes:
        """The frame as a server sends it: text, final, unmasked, uncompressed (RFC 6455, 5.2)."""
        frame = {"type": "event", "event": self.event, "data": self.data}
        return text_frame(json.dumps(frame).encode())


def text_frame(text: bytes) -> bytes:
    """Put the head of a WebSocket frame before a text."""
    length = len(text)
    if length < 126:
        head = struct.pack("!BB", 0x81, length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", 0x81, 126, length)
    else:
        head = struct.pack("!BBQ", 0x81, 127, length)
    return head + text
