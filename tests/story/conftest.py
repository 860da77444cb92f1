"""The whole of Baton as a user starts it: `baton run` with its real Redis, Rasa, Chroma, and Debian's Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

import psutil
import pytest
from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("BATON_HOME") or ROOT / "var")
START_SECONDS = 120
ADMIN = {"email": "admin@fernhill.example", "password": "runs-the-whole-story"}
FAILED = pytest.StashKey[bool]()
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Baton:
    """A running `baton run`."""

    process: subprocess.Popen[str]
    url: str
    bot_port: int
    home: Path
    lines: Queue[str]
    reader: threading.Thread

    def wait_for(self, words: str) -> str:
        """Return the next line that it prints with these words in it."""
        printed = []
        while True:
            try:
                line = self.lines.get(timeout=START_SECONDS)
            except Empty:
                raise AssertionError(f"never printed {words!r}; printed:\n{''.join(printed)}") from None
            printed.append(line)
            if words in line:
                return line

    def rasa(self) -> psutil.Process:
        """Return the assistant's process."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(child for child in children if any("bot.launch" in part for part in child.cmdline()))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, **settings: str) -> Baton:
    port, bot_port = free_port(), free_port()
    environment = {
        **os.environ,
        "BATON_HOME": str(home),
        "BATON_PORT": str(port),
        "BATON_BOT_PORT": str(bot_port),
        "BATON_ENCODER_DIR": str(HOME / "models" / "encoder"),
        "BATON_BOT_MODEL": str(HOME / "models" / "rasa" / "assistant.tar.gz"),
        "BATON_LOG_FORMAT": "json",
        "BATON_MESSAGES_PER_MINUTE": "1000",
        **settings,
    }
    process = subprocess.Popen(
        [str(ROOT / ".venv" / "bin" / "baton"), "run"],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: Queue[str] = Queue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    return Baton(process, f"http://127.0.0.1:{port}", bot_port, home, lines, reader)


def stop(baton: Baton) -> None:
    """Interrupt it as Ctrl-C does: it ends well, and no child outlives it."""
    children = psutil.Process(baton.process.pid).children(recursive=True)
    names = {part for child in children for part in child.cmdline()}
    assert "bot.launch" in names
    assert any("redis-server" in name for name in names)
    baton.process.send_signal(signal.SIGINT)
    status = baton.process.wait(timeout=60)
    baton.reader.join(timeout=5)
    assert baton.process.stdout is not None
    baton.process.stdout.close()
    assert status == 0
    _ended, left = psutil.wait_procs(children, timeout=10)
    assert left == []


def _read(process: subprocess.Popen[str], lines: Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", file=sys.__stderr__)
        lines.put(line)


@pytest.fixture(scope="session")
def baton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Baton]:
    """One running Baton for the whole story: Rasa takes a while to start."""
    running = start(
        tmp_path_factory.mktemp("home"), BATON_ADMIN_EMAIL=ADMIN["email"], BATON_ADMIN_PASSWORD=ADMIN["password"]
    )
    try:
        running.wait_for("Baton is ready")
        yield running
    finally:
        stop(running)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the story in one of the test processes: it has one running Baton."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("story"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
async def browser(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    """Debian's Chromium; when the test fails, what each page showed is kept under `var/test-failures/`."""
    executable = os.environ.get("BATON_CHROMIUM") or shutil.which("chromium")
    assert executable, "Chromium is missing; make test installs it"
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield opened
        if request.node.stash.get(FAILED, False):
            pages = [page for context in opened.contexts for page in context.pages]
            for number, page in enumerate(pages):
                await page.screenshot(path=ROOT / "var" / "test-failures" / f"{request.node.name}-{number}.png")
        await opened.close()
