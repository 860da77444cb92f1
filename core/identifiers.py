"""Opaque identifiers and secrets."""

from __future__ import annotations

import hashlib
import secrets


def new_id(prefix: str) -> str:
    """Return an unguessable identifier such as `cv_9f…` (96 random bits after the prefix)."""
    return f"{prefix}_{secrets.token_hex(12)}"


def new_secret() -> str:
    """Return a bearer secret of 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Return what is stored of a bearer secret: its SHA-256 in hexadecimal. Only random secrets may be stored so."""
    return hashlib.sha256(secret.encode()).hexdigest()
