"""Secrets that nobody set: made once, kept in the home folder, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import ConfigurationError
from core.identifiers import new_secret


def kept_secret(home: Path, name: str) -> str:
    """Return the secret of this name, made at the first call and the same ever after.

    Raises:
        ConfigurationError: the home folder cannot be written.
    """
    path = home / "secrets" / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="utf-8").strip()
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            secret = new_secret()
            file.write(secret)
            return secret
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Set BATON_HOME to another folder."
        ) from error
