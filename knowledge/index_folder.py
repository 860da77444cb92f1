"""The folder of the vector index: one process holds it at a time, and a small file in it says which collections are in use."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from core.errors import ConfigurationError

LOCK = "lock"
STAYS = "service"
"""Stands in the lock behind the id of a process that keeps the folder."""
LAYOUT = 2
"""Rises when vectors are divided among collections otherwise: what an older or a newer Baton has made is made anew."""


class IndexInUse(ConfigurationError):
    """Another process has the folder open: a command for a while, or a service, which takes what changes into it by itself."""

    def __init__(self, message: str, *, stays: bool) -> None:
        super().__init__(message)
        self.stays = stays
        """Whether it is a service, which does not let go."""


@dataclass(frozen=True)
class Generation:
    """One complete set of collections and the model that its vectors are from."""

    folder_id: str
    number: int
    model_id: str
    dimensions: int
    layout: int = 1
    """How its vectors are divided among collections (`LAYOUT`); 1 where nothing is said, by whoever made one collection per level."""

    @property
    def name(self) -> str:
        """Names it in SQL: another folder or another generation is another index."""
        return f"{self.folder_id}-{self.number}"


class Description(NamedTuple):
    """What the folder says of itself: its name in SQL and in a server, and the generations that there are."""

    folder_id: str
    current: Generation | None
    pending: Generation | None


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Turn what a disk refuses into a sentence.

    Raises:
        ConfigurationError: the folder cannot be made, read, locked or written, or there is no room left.
    """
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"The knowledge index's folder {path} cannot be used: {error.strerror or error}. Make it writable and see that"
            " there is room on its disk, or choose another folder with BATON_HOME."
        ) from error


class IndexFolder:
    """A folder to be taken, described and let go."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[bytes] | None = None

    def take(self, *, stays: bool = False) -> None:
        """Hold the folder for this process; it is made if it is not there.

        Args:
            stays: whether this is a service, which keeps it and takes what changes into it: said to others who want it.

        Raises:
            IndexInUse: another process holds it.
            ConfigurationError: it cannot be made, locked or written.
        """
        with usable(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what cannot be written is known at once, and not when it is closed.
            lock = (self.path / LOCK).open("a+b", buffering=0)
            try:
                self._hold(lock, f"{os.getpid()} {STAYS}" if stays else str(os.getpid()))
            except BaseException:
                lock.close()
                raise
        self._lock = lock

    def _hold(self, lock: IO[bytes], holder: str) -> None:
        """Lock the open file and write into it who holds it."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            other, _, kind = lock.read().decode("utf-8", "replace").strip().partition(" ")
            raise IndexInUse(
                f"The knowledge index in {self.path} is in use by another process (id {other or 'unknown'}). "
                "Stop that one first, or choose another folder with BATON_HOME.",
                stays=kind == STAYS,
            ) from error
        lock.truncate(0)
        lock.write(holder.encode())

    def let_go(self) -> None:
        """Let another process have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def describe(self, said: Description) -> None:
        """Write what there is, whole or not at all.

        Raises:
            ConfigurationError: it cannot be written.
        """

        def fields_of(generation: Generation | None) -> dict[str, Any] | None:
            fields = ("number", "model_id", "dimensions", "layout")
            return None if generation is None else {name: getattr(generation, name) for name in fields}

        described = {
            "folder_id": said.folder_id,
            "current": fields_of(said.current),
            "pending": fields_of(said.pending),
        }
        scratch = self._description.with_suffix(".new")
        with usable(self.path):
            scratch.write_text(json.dumps(described), encoding="utf-8")
            scratch.replace(self._description)

    def described(self) -> Description | None:
        """Return what the folder says of itself; None of a new one.

        Raises:
            OSError, ValueError, KeyError, TypeError: what is written there cannot be read.
        """
        if not self._description.exists():
            return None
        described: dict[str, Any] = json.loads(self._description.read_text(encoding="utf-8"))
        folder_id = described["folder_id"]
        current, pending = (
            None if one is None else Generation(folder_id, **one)
            for one in (described["current"], described["pending"])
        )
        return Description(folder_id, current, pending)

    @property
    def _description(self) -> Path:
        return self.path / "index.json"
