"""Secrets that nobody set: made once, kept in the home folder, readable by its owner alone."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from core.errors import ConfigurationError
from core.identifiers import new_id, new_secret


def kept_secret(home: Path, name: str) -> str:
    """Return the secret of this name, made at the first call and the same ever after.

    Raises:
        ConfigurationError: the home folder cannot be written.
    """
    path = home / "secrets" / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _read(path):
            _make(path)
        return _read(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Set BATON_HOME to another folder."
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _make(path: Path) -> None:
    """Write a new secret and then give it its name: a full disk or a crash leaves no half of one, and of two makers the first wins."""
    draft = path.with_name(new_id("draft"))
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(new_secret())
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and not _read(path):
            path.unlink()  # an empty one, which a full disk had left
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
