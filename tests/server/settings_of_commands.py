"""What tests of the `baton` command share: settings through the environment, ports that nobody has, and what a command says."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from server.command import main
from server.commands import doctor
from server.settings import Settings

Sets = Callable[..., None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def finding(part: str) -> doctor.Finding:
    return doctor.look_at(part, Settings())


def sentence_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    (line,) = [line for line in printed.err.splitlines() if line.startswith("baton: ")]
    assert "Traceback" not in printed.err
    return line.removeprefix("baton: ")
