"""What tests of the `baton` command set: settings through the environment, and ports that nobody has."""

from __future__ import annotations

import socket
from collections.abc import Callable

Sets = Callable[..., None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
