"""The desks that are open in this process: each is written what it needs at once, and none waits for a slow one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence

from aiohttp import web

from handoff.sight import Standing
from server.hub import Hub, Listener
from server.shared_frames import Looks, SharedFrame

DESK_SOCKETS = "desk sockets"
"""The topic that desks' sockets listen to."""
AT_ONCE = 1000
"""Desks that are told of something before others have a turn on the loop: some 20 ms, of which most is the kernel's."""
LEISURELY = 50
"""The same for what may take its time."""
MOST_UNSENT = 256 * 1024
"""Bytes that may lie in one socket's buffer before its frames wait in its listener's queue."""
LOOK_SECONDS = 0.05
"""How often a full buffer is looked at."""


class OpenDesk(Listener):
    """One desk's socket, made without compression: frames go to it as they were encoded for all."""

    def __init__(self, looks: Looks, request: web.Request, socket: web.WebSocketResponse) -> None:
        super().__init__(DESK_SOCKETS)
        self.looks = looks
        self._request = request
        self._socket = socket
        self._descriptor = _descriptor_of(request.transport)
        self._waiting = False
        """Whether frames were taken from the queue that are not written yet."""

    def show(self, frames: Sequence[SharedFrame], *, fleeting: bool = False) -> None:
        """Write the frames that this desk needs, or have them wait behind those that wait already."""
        wire = b"".join(frame.wire for frame in frames if frame.needed_by(self.looks))
        if not wire:
            return
        if self._waiting or not self.frames.empty() or not self._write(wire):
            self.offer(wire, fleeting=fleeting)

    async def write(self, wire: bytes) -> None:
        """Write frames that waited, as soon as there is room.

        Raises:
            ConnectionResetError: the socket is closed, or was dropped because its client gave no room in time.
        """
        self._waiting = True
        while not self._write(wire):
            if self.cut_off:
                # Saying goodbye would wait for the same full buffer.
                if self._request.transport is not None:
                    self._request.transport.abort()
                raise ConnectionResetError("too far behind")
            await asyncio.sleep(LOOK_SECONDS)
        self._waiting = False

    def _write(self, wire: bytes) -> bool:
        """Write, if there is room. aiohttp writes whole frames between two awaits as well, so none of its own comes in between."""
        transport = self._request.transport
        if self._socket.closed or transport is None or transport.is_closing():
            return True  # Nobody is there; the socket's own task ends by itself.
        unsent = transport.get_write_buffer_size()
        if unsent > MOST_UNSENT:
            return False
        if unsent == 0 and self._descriptor is not None:
            wire = wire[_sent_at_once(self._descriptor, wire) :]
        if wire:
            transport.write(wire)
        return True


def _descriptor_of(transport: asyncio.Transport | None) -> int | None:
    """Return the descriptor of the socket whose bytes are a transport's own, None where they are encrypted on their way."""
    if transport is None or transport.get_extra_info("sslcontext") is not None:
        return None
    socket = transport.get_extra_info("socket")
    return None if socket is None else int(socket.fileno())


def _sent_at_once(descriptor: int, wire: bytes) -> int:
    """Hand bytes to the kernel; return how many it took. uvloop does so at the end of its round, behind all that is ready in it."""
    try:
        return os.write(descriptor, wire)
    except OSError:
        return 0  # No room, or nobody there any more: the transport finds out which.


def open_desks(hub: Hub) -> list[OpenDesk]:
    """Return the desks that are open in this process."""
    return [listener for listener in hub.listeners(DESK_SOCKETS) if isinstance(listener, OpenDesk)]


def followers(hub: Hub) -> Callable[[Standing], bool]:
    """Return what tells whether any desk shows, or is to be shown, what happens in a conversation; the desks are looked at once."""
    looks = [desk.looks for desk in open_desks(hub)]
    opened = {one.conversation_id for one in looks}
    views = {one.view for one in looks}

    def followed(standing: Standing) -> bool:
        if standing.with_people:
            return True
        return standing.conversation_id in opened or bool(views & {"bot", "resolved"})

    return followed


async def show_desks(
    hub: Hub, frames: Sequence[SharedFrame], *, fleeting: bool = False, leisurely: bool = False
) -> None:
    """Write frames to the desks of this process that need them.

    Args:
        hub: where the desks listen.
        frames: in the order that each desk gets them.
        fleeting: whether they are rather lost than kept for a desk that is behind.
        leisurely: whether others on the loop go first. On a busy loop each break takes as long as all that is ready there.
    """
    if frames:
        await show_some(open_desks(hub), frames, fleeting=fleeting, at_once=LEISURELY if leisurely else AT_ONCE)


async def show_some(
    desks: Sequence[OpenDesk], frames: Sequence[SharedFrame], *, fleeting: bool = False, at_once: int = LEISURELY
) -> None:
    """Write frames to those of these desks that need them, so many before others have a turn on the loop."""
    for begin in range(0, len(desks), at_once):
        if begin:
            await asyncio.sleep(0)
        for desk in desks[begin : begin + at_once]:
            desk.show(frames, fleeting=fleeting)
