"""Passwords of staff, kept as Argon2 hashes. Both ways take a while on purpose, so they run beside the event loop."""

from __future__ import annotations

import asyncio
import functools

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from core.identifiers import new_secret

hasher = PasswordHasher()


@functools.cache
def _nobodys() -> str:
    return hasher.hash(new_secret())


async def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return await asyncio.to_thread(hasher.hash, password)


async def is_password(stored: str | None, password: str) -> bool:
    """Tell whether this is the password. With None, where nobody has the address, it takes the same time and never is."""
    try:
        kept = await asyncio.to_thread(_nobodys) if stored is None else stored
        await asyncio.to_thread(hasher.verify, kept, password)
    except VerificationError:
        return False
    return stored is not None
