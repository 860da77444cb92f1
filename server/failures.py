"""What fails because of the machine and not of us, in one sentence that says what to do: a full disk, a database that will not do."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

from core.postgresql_driver import DatabaseUnreachable

if TYPE_CHECKING:
    from server.settings import Settings

LEAST_FREE = 1024**2
"""Bytes; with less free on the home's disk, what could not be written found no room."""


def why_not(error: Exception, settings: Settings) -> str | None:
    """Say in one sentence what keeps a command from its work; None where that is neither the disk nor the database."""
    from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

    if isinstance(error, DatabaseUnreachable):
        return f"The database cannot be reached ({str(error).removesuffix('.')}). Check DATABASE_URL."
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    reason = str(original).strip().partition("\n")[0].removesuffix(".")
    full = isinstance(original, OSError) and original.errno == errno.ENOSPC
    # SQLite cannot always tell that its journal found no room.
    full = full or ("disk I/O error" in reason and shutil.disk_usage(settings.home).free < LEAST_FREE)
    if full or "disk is full" in reason:
        return f"The disk is full: free some space under {settings.home}."
    ours = isinstance(error, IntegrityError | DataError)
    if ours or not (isinstance(error, DBAPIError) or type(original).__module__ == "sqlite3"):
        return None
    if any(words in reason for words in ("not a database", "malformed")):
        return f"The database is broken ({reason}). Put a backup in its place; docs/operations.md tells how."
    return f"The database cannot be used ({reason}). Check DATABASE_URL, and that the database is there and may be written."
