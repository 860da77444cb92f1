"""Open desks for `desks.py`: sockets that read all they are sent and note when each probe came. No asyncio, so that they cost little.

    python benchmarks/desk_readers.py HOST PORT < secrets

Reads one session's secret a line until an empty line, opens a desk for each, prints `ready`, reads until its input ends, and prints one
JSON object: arrivals (seconds of the machine's monotonic clock) by probe, the bytes read, and the desks whose socket was closed.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

PROBE = re.compile(rb"probe-(\d+)-")
PING_SECONDS = 25.0
PING = b'{"type":"ping"}'
LONGEST_PROBE = 32


@dataclass
class Desk:
    """One desk's socket, the end of what it read last, and the probes that it has seen."""

    socket: socket.socket
    pings_at: float
    rest: bytes = b""
    seen: set[bytes] = field(default_factory=set)


def open_desk(host: str, port: int, secret: str, pings_at: float) -> Desk:
    """Open a desk's WebSocket as a browser does, with the session's cookie."""
    line = socket.create_connection((host, port), timeout=60)
    line.sendall(
        f"GET /api/desk/socket HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://{host}:{port}\r\n"
        f"Cookie: baton_staff={secret}\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = line.recv(4096)
        if not piece:
            raise SystemExit(f"the desk was refused: {answer.decode(errors='replace')}")
        answer += piece
    if b" 101 " not in answer.split(b"\r\n", 1)[0]:
        raise SystemExit(f"the desk was refused: {answer.decode(errors='replace')}")
    line.setblocking(False)
    return Desk(line, pings_at)


def main() -> None:
    """Read until the input ends."""
    host, port = sys.argv[1], int(sys.argv[2])
    secrets = list(iter(lambda: sys.stdin.readline().strip(), ""))
    watching = selectors.DefaultSelector()
    began = time.monotonic()
    desks = []
    arrivals: dict[str, list[float]] = {}
    read = closed = 0
    masked = bytes([0x81, 0x80 | len(PING), 0, 0, 0, 0]) + PING

    def take(desk: Desk) -> None:
        nonlocal read, closed
        try:
            piece = desk.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            piece = b""
        if not piece:
            watching.unregister(desk.socket)
            closed += 1
            return
        now = time.monotonic()
        read += len(piece)
        text = desk.rest + piece
        for number in PROBE.findall(text):
            if number not in desk.seen:
                desk.seen.add(number)
                arrivals.setdefault(number.decode(), []).append(now)
        desk.rest = text[-LONGEST_PROBE:]

    for number, secret in enumerate(secrets):
        desk = open_desk(host, port, secret, began + PING_SECONDS * (1 + number / len(secrets)))
        desks.append(desk)
        watching.register(desk.socket, selectors.EVENT_READ, desk)
        for key, _ in watching.select(0):
            take(key.data)
    print("ready", flush=True)
    os.set_blocking(0, False)
    watching.register(0, selectors.EVENT_READ, None)
    over = False
    next_pings = time.monotonic()
    while not over:
        for key, _ in watching.select(0.2):
            if key.data is None:
                over = not os.read(0, 100)
            else:
                take(key.data)
        now = time.monotonic()
        if now >= next_pings:
            next_pings = now + 0.5
            for desk in desks:
                if now >= desk.pings_at:
                    desk.pings_at = now + PING_SECONDS
                    try:
                        desk.socket.send(masked)
                    except OSError:
                        continue
    print(json.dumps({"arrivals": arrivals, "bytes": read, "closed": closed}), flush=True)


if __name__ == "__main__":
    main()
