"""The home folder, which one service has at a time, and the name of that service among its replicas.

The name is kept in the folder, so that what a killed process left is its successor's at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core.errors import ConfigurationError
from core.identifiers import new_id


@contextlib.contextmanager
def held_home(home: Path) -> Iterator[str]:
    """Hold the home folder for the length of the block, made if it is not there; gives the name that is kept in it.

    The lock is the operating system's: it ends with the process, however that ends.

    Raises:
        ConfigurationError: the folder cannot be written, or its file not locked, or another service has it.
    """
    file = _open(home)
    with file:
        file.seek(0)
        name, holder, *_ = [*file.read().split(), "", ""]
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(home, holder) from error
        except OSError as error:
            raise _unlockable(home / "replica", error) from error
        name = name or new_id("replica")
        file.truncate(0)
        file.write(f"{name}\n{os.getpid()}\n")
        file.flush()
        yield name


def _open(home: Path) -> IO[str]:
    path = home
    try:
        home.mkdir(parents=True, exist_ok=True)
        path = home / "replica"
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}. Set BATON_HOME to another folder."
        raise ConfigurationError(message) from error


def check_home(home: Path) -> None:
    """See that no service has the home folder, by holding it for a moment: for who is about to start one.

    Raises:
        ConfigurationError: one has it, or it cannot be written.
    """
    with held_home(home):
        pass


def look_at_home(home: Path) -> None:
    """See that no service has the home folder, without holding it: a start at the same moment is not kept from it.

    Raises:
        ConfigurationError: one has it.
    """
    try:
        _, holder, *_ = [*(home / "replica").read_text(encoding="utf-8").split(), "", ""]
    except OSError:
        return
    if holder.isdecimal() and _holds_a_lock(int(holder)):
        raise _taken(home, holder)


def check_locks(home: Path) -> None:
    """See that the disk of the home folder knows locks, by a file of its own that is gone afterwards.

    Raises:
        ConfigurationError: it knows none.
        OSError: nothing can be written there.
    """
    with tempfile.TemporaryFile(dir=home) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _unlockable(home, error) from error


def _holds_a_lock(process: int) -> bool:
    """Tell whether a process runs that holds the lock of a file: its number alone may have become another's since."""
    try:
        locks = Path("/proc/locks").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux: the number has to do
        return _runs(process)
    return any(line.split()[1:5:3] == ["FLOCK", str(process)] for line in locks)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _taken(home: Path, holder: str) -> ConfigurationError:
    return ConfigurationError(
        f"Baton runs already with the home {home} (process {holder or 'unknown'}). Stop that one first, or set BATON_HOME to "
        "another folder: replicas have one each."
    )


def _unlockable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be locked: {error.strerror}. Set BATON_HOME to a folder on a disk of this machine."
    )
