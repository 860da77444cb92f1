"""The name of this process among its replicas: kept in the home folder, so that what a killed process left is its successor's at once."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from core.errors import ConfigurationError
from core.identifiers import new_id


@contextlib.contextmanager
def replica_name(home: Path) -> Iterator[str]:
    """Hold the home folder's name for the length of the block; while another process holds it, a name of its own is given.

    The lock is the operating system's: it ends with the process, however that ends.

    Raises:
        ConfigurationError: the home folder cannot be written.
    """
    try:
        file = (home / "replica").open("a+", encoding="utf-8")
    except OSError as error:
        message = f"{home / 'replica'} cannot be written: {error.strerror}. Set BATON_HOME to another folder."
        raise ConfigurationError(message) from error
    with file:
        name = new_id("replica")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield name
            return
        file.seek(0)
        kept = file.read().strip()
        if not kept:
            file.write(name)
            file.flush()
        yield kept or name
