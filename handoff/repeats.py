"""Whether a client's frame was handled before: each client id changes something once."""

from __future__ import annotations

from datetime import datetime

from core.database import INSERT, Transaction
from core.errors import Invalid
from handoff.tables import handled_frames


async def handled_before(tx: Transaction, conversation_id: str, client_id: str, *, at: datetime) -> bool:
    """Note that a frame is handled in this write, and tell whether it was already. The conversation must be locked.

    For frames that become no message; a message keeps its own client id. What fails notes nothing, so it may be tried again.

    Raises:
        Invalid: the client id cannot be a key.
    """
    check_client_id(client_id)
    noted = await tx.execute(
        INSERT[tx.connection.dialect.name](handled_frames)
        .values(conversation_id=conversation_id, client_id=client_id, at=at)
        .on_conflict_do_nothing()
    )
    return noted.rowcount == 0


def check_client_id(client_id: str, *, field: str = "client_id") -> None:
    """Refuse a client id, or what a caller knows as `field`, that cannot be a key.

    Raises:
        Invalid: it is not 1 to 60 characters of printable ASCII.
    """
    if not 1 <= len(client_id) <= 60 or not client_id.isascii() or not client_id.isprintable():
        raise Invalid(f"{field} must be 1 to 60 printable ASCII characters, such as a UUID.", field=field)
