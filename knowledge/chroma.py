"""Chroma's client: made for a folder or for a server, its one question, and a server's silence as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from core.embedding import Vectors
from core.errors import Unavailable

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

PATIENCE = 10.0
"""Seconds that a Chroma server has for one answer."""


class UnreachableServerError(Unavailable):
    """The Chroma server does not answer. What is in it is kept; words alone are searched meanwhile."""


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Turn a server that does not answer into a sentence; in a folder nothing of the kind happens.

    Raises:
        UnreachableServerError: it did not answer.
    """
    import httpx

    try:
        yield
    except httpx.TransportError as error:
        raise UnreachableServerError(
            f"The Chroma server at {url} does not answer ({type(error).__name__}). Start it, or check CHROMA_URL."
        ) from error


def open_client(folder: Path, url: str) -> Client:
    """Open Chroma in `folder`, or in the server at `url` unless that is empty.

    Raises:
        UnreachableServerError: the server does not answer.
    """
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if not url:
        return cast("Client", chromadb.PersistentClient(str(folder), settings=settings))
    address = urlsplit(url)
    secure = address.scheme == "https"
    port = address.port or (443 if secure else 80)
    try:
        with answering(url):
            client = cast("Client", chromadb.HttpClient(address.hostname or "", port, ssl=secure, settings=settings))
    except ValueError as error:
        # What Chroma's client makes of a refused connection when it greets the server.
        raise UnreachableServerError(
            f"The Chroma server at {url} does not answer. Start it, or check CHROMA_URL."
        ) from error
    # Chroma's client waits for ever by itself.
    _session(client).timeout = PATIENCE
    return client


def close_client(client: Client, url: str) -> None:
    """Close what `open_client` opened."""
    if url:
        # Chroma's client leaves its connections open.
        _session(client).close()
    client.close()


def nearest_in(collection: Collection) -> Callable[[Vectors, int], list[tuple[int, float]]]:
    """Return what asks Chroma for the nearest ids with their cosines, best first."""

    def nearest(vector: Vectors, count: int) -> list[tuple[int, float]]:
        answer = collection.query(query_embeddings=vector, n_results=count, include=["distances"])
        distances = answer["distances"] or [[]]
        return [(int(one), 1.0 - distance) for one, distance in zip(answer["ids"][0], distances[0], strict=True)]

    return nearest


def _session(client: Client) -> Any:
    return cast("Any", client)._server._session
