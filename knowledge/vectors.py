"""Vectors in Chroma: in a folder that one process opens at a time, checked when opened and thrown away when broken, or in a server.

With a server (`CHROMA_URL`) the folder holds only the lock and the description; the collections lie in the server under the folder's
own name, so that several homes share a server without touching each other's. Vectors lie in three collections: what is public, what
customers may see (all that is public once more, and what is for those who are signed in), and what is internal. A viewer's search goes
to those that hold nothing else than what they may see (`SEEN`). Everything here blocks; `knowledge.index` calls it in threads.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from core.embedding import Vectors
from core.errors import ConfigurationError
from core.identifiers import new_id
from knowledge.articles import Viewer
from knowledge.chroma import UnreachableServerError, answering, close_client, nearest_in, open_client
from knowledge.copies import Copies, Copy
from knowledge.index_folder import LAYOUT, LOCK, Description, Generation, IndexFolder, usable

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateCollectionConfiguration
    from chromadb.api.models.Collection import Collection

COLLECTIONS = ("public", "customers", "internal")
HOLDING = (("public", "customers"), ("customers",), ("internal",))
"""The collections that hold the vectors of each level: public, authenticated, internal. A question costs Chroma more than its search in
one of 60,000, so customers, who ask most, have one collection of their own."""
SEEN = (("public",), ("customers",), ("customers", "internal"))
"""The collections that each viewer's search goes to: anonymous, customer, staff. Together they hold what may be seen, once each."""
_BATCH = 1_000
_HNSW: CreateCollectionConfiguration = {
    "hnsw": {"space": "cosine", "ef_construction": 128, "ef_search": 192, "max_neighbors": 24}
}
"""`ef_search` finds .922 of the nearest 60 among 85,000 passages, as two collections of 60,000 and 25,000 do with 128 each."""

log = structlog.get_logger()


class UnreadableIndexError(Exception):
    """Chroma cannot read its files. What is in them can be made again from SQL."""


class VectorStore:
    """Chroma in a folder, or in a server. Make one, `open` it, and `close` it."""

    def __init__(self, folder: Path, url: str = "") -> None:
        """Name the folder, and the server's address (`http://host:port`) if the vectors are to lie in one."""
        self.folder = folder
        self.url = url
        self.folder_id = ""
        self.current: Generation | None = None
        self.pending: Generation | None = None
        self._place = IndexFolder(folder)
        self._client: Client | None = None
        self._askers = ThreadPoolExecutor(len(COLLECTIONS), thread_name_prefix="chroma")
        """Ask collections beside each other; the threads are made when they are first needed."""
        self._collections: dict[str, Collection] = {}
        self._copies = Copies()

    def open(self, *, stays: bool = False) -> None:
        """Take the folder for this process and look whether what is in it can be read; start afresh if not.

        Args:
            stays: whether this is a service: see `IndexFolder.take`.

        Raises:
            ConfigurationError: another process has it open, the folder cannot be used, or the server does not answer.
        """
        self._place.take(stays=stays)
        try:
            problem = self._try_to_open()
            if problem is not None:
                log.warning(
                    "knowledge_index_unreadable", folder=str(self.folder), problem=problem, next="rebuilding from SQL"
                )
                self.start_afresh()
        except UnreachableServerError as error:
            self.close()
            raise ConfigurationError(error.message) from error
        except ConfigurationError:
            # Nobody else may have to wait for a folder that this process cannot use.
            self.close()
            raise

    def close(self) -> None:
        """Let go of the folder; another process may open it then."""
        self._close_client()
        self.current = self.pending = None
        self._place.let_go()

    def start_afresh(self) -> None:
        """Throw away all that the folder holds, and open an empty one.

        It has a new name, because Chroma remembers by its path a folder that it failed to open.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        if self.url and self.folder_id:
            self._open_client()
            self._remove_all_but(None)
        self._close_client()
        self.current = self.pending = None
        with usable(self.folder):
            for path in self.folder.iterdir():
                if path.name != LOCK:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.folder_id = new_id("ix")
        self._open_client()
        self._describe()

    def begin(self, model_id: str, dimensions: int) -> Generation:
        """Make the empty collections of a new generation, beside those in use; go on with one of this model left unfinished."""
        if self.pending is not None and self.pending.model_id == model_id:
            return self.pending
        self._remove_all_but(self.current)
        number = 1 if self.current is None else self.current.number + 1
        generation = Generation(self.folder_id, number, model_id, dimensions, LAYOUT)
        with answering(self.url):
            for part in COLLECTIONS:
                name = self._name(generation, part)
                self._chroma.create_collection(name, configuration=_HNSW, embedding_function=None)
        self.pending = generation
        self._describe()
        return generation

    def switch(self, generation: Generation) -> None:
        """Search `generation` from now on and remove every other."""
        self.current, self.pending = generation, None
        self._describe()
        self._remove_all_but(generation)

    def put(self, generation: Generation, level: int, ids: Sequence[int], vectors: Vectors) -> None:
        """Keep vectors under their passages' ids; an id that is there is replaced."""
        with self._changing():
            for holding in HOLDING[level]:
                collection = self._collection(generation, holding)
                for start in range(0, len(ids), _BATCH):
                    part = slice(start, start + _BATCH)
                    collection.upsert(ids=[str(one) for one in ids[part]], embeddings=vectors[part])

    def remove(self, generation: Generation, level: int, ids: Sequence[int]) -> None:
        """Forget vectors; ids that are not there are passed over."""
        with self._changing():
            for holding in HOLDING[level]:
                collection = self._collection(generation, holding)
                for start in range(0, len(ids), _BATCH):
                    collection.delete(ids=[str(one) for one in ids[start : start + _BATCH]])

    def nearest(self, generation: Generation, viewer: Viewer, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """Return the passages nearest to `vector` (shape [1, d]) that `viewer` may see with their cosines, best first.

        Raises:
            UnreadableIndexError: the files are broken, or the generation has been removed in the meantime.
            UnreachableServerError: the server does not answer.
        """
        from chromadb.errors import ChromaError

        try:
            with answering(self.url):
                found = self._nearest(generation, SEEN[viewer], vector, count)
        except ChromaError as error:
            raise UnreadableIndexError(str(error)) from error
        return sorted(found, key=lambda hit: -hit[1])[:count]

    def _nearest(
        self, generation: Generation, parts: Iterable[str], vector: Vectors, count: int
    ) -> list[tuple[int, float]]:
        """Return the nearest of each collection; a question costs Chroma more than its search, so all are asked at once."""
        found: list[tuple[int, float]] = []
        large: list[Collection] = []
        for part in parts:
            copy = self._copy(generation, part)
            if copy is None:
                large.append(self._collection(generation, part))
            else:
                found.extend(copy.nearest(vector, count))
        begun = [self._askers.submit(nearest_in(one), vector, count) for one in large[1:]]
        for one in large[:1]:
            found.extend(nearest_in(one)(vector, count))
        for answer in begun:
            found.extend(answer.result())
        return found

    @property
    def _chroma(self) -> Client:
        if self._client is None:
            raise ConfigurationError("The knowledge index is not open.")
        return self._client

    def _collection(self, generation: Generation, part: str) -> Collection:
        name = self._name(generation, part)
        if name not in self._collections:
            self._collections[name] = self._chroma.get_collection(name, embedding_function=None)
        return self._collections[name]

    def _remove_all_but(self, generation: Generation | None) -> None:
        keep = set() if generation is None else {self._name(generation, part) for part in COLLECTIONS}
        with self._changing():
            for collection in self._chroma.list_collections():
                if collection.name not in keep and collection.name.startswith(self._prefix):
                    self._chroma.delete_collection(collection.name)
                    self._collections.pop(collection.name, None)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Answering, while collections change: no copy of theirs may outlive it."""
        try:
            with answering(self.url):
                yield
        finally:
            self._copies.forget()

    def _copy(self, generation: Generation, part: str) -> Copy | None:
        if self.url:
            return None
        return self._copies.of(self._name(generation, part), partial(self._collection, generation, part))

    @property
    def _prefix(self) -> str:
        return f"{self.folder_id}-" if self.url else ""

    def _name(self, generation: Generation, part: str) -> str:
        return f"{self._prefix}{part}-g{generation.number}"

    def _try_to_open(self) -> str | None:
        """Open what is there; return what is wrong with it, None if nothing is."""
        from chromadb.errors import ChromaError

        try:
            described = self._place.described()
            if described is None:
                self.start_afresh()
                return None
            self.folder_id, self.current, self.pending = described
            if any(one is not None and one.layout != LAYOUT for one in (self.current, self.pending)):
                return "another version of Baton divided its vectors otherwise"
            self._open_client()
            if self.current is not None:
                return self._probe(self.current)
        except (ChromaError, UnreadableIndexError, OSError, ValueError, KeyError, TypeError) as error:
            return str(error) or type(error).__name__
        return None

    def _probe(self, generation: Generation) -> str | None:
        dimensions = generation.dimensions
        vector = np.full((1, dimensions), dimensions**-0.5, dtype=np.float32)
        for part in COLLECTIONS:
            expected = min(10, self._collection(generation, part).count())
            if expected and len(nearest_in(self._collection(generation, part))(vector, expected)) < expected:
                return f"vectors of the collection {part} are missing"
        return None

    def _open_client(self) -> None:
        self._client = open_client(self.folder / self.folder_id, self.url)

    def _close_client(self) -> None:
        if self._client is not None:
            close_client(self._client, self.url)
            self._client = None
        self._collections.clear()
        self._copies.forget()

    def _describe(self) -> None:
        self._place.describe(Description(self.folder_id, self.current, self.pending))
