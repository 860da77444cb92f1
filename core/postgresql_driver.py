"""How a PostgreSQL server is dialled, and what is said when it does not let us in."""

from __future__ import annotations

import os
from typing import Any


class DatabaseUnreachable(ConnectionError):
    """PostgreSQL does not let us in: nobody listens there, it is starting, or it refuses the name, the password or the database.

    Its words say why. It is an error of the system's, so whoever waits for a network to come back waits for this as well.
    """


async def connect(*given: Any, **named: Any) -> Any:
    """Open a connection with asyncpg, as SQLAlchemy would, which lets asyncpg's own errors through here as they are.

    Raises:
        DatabaseUnreachable: the server is not there, or refuses.
    """
    import asyncpg

    try:
        return await asyncpg.connect(*given, **named)
    except (OSError, asyncpg.PostgresError) as error:
        number = error.errno if isinstance(error, OSError) else None
        reason = os.strerror(number) if number is not None and number > 0 else str(error)
        raise DatabaseUnreachable(reason or "it does not answer") from error
