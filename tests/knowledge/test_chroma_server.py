"""Vectors in a Chroma server of its own: `chroma run`, started on loopback by the test."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from core.clock import FrozenClock
from core.database import Database, metadata
from core.errors import ConfigurationError
from knowledge.articles import Viewer
from knowledge.index import KnowledgeIndex
from knowledge.retriever import Retriever
from tests.knowledge.conftest import WordsEncoder, keep, make_article

# Chroma's client leaves sockets of its own to the garbage collector; they are collected here, before another test runs.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed <socket:ResourceWarning"
)


@pytest.fixture(autouse=True)
def _collect() -> Iterator[None]:
    yield
    gc.collect()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def chroma_server(folder: Path, port: int) -> Iterator[str]:
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--host", "127.0.0.1"]
    with (folder.parent / "chroma.log").open("ab") as log:
        server = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if httpx.get(f"{url}/api/v2/heartbeat", trust_env=False).is_success:
                    break
            except httpx.TransportError:
                assert server.poll() is None, (folder.parent / "chroma.log").read_text()
        else:
            pytest.fail("Chroma did not answer within 60 s.")
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


async def database_at(path: Path) -> Database:
    database = Database.open(f"sqlite:///{path}")
    async with database.write() as tx:
        await tx.connection.run_sync(metadata.create_all)
    return database


async def test_a_chroma_server_holds_the_vectors_and_its_loss_leaves_the_words(
    tmp_path: Path, words_encoder: WordsEncoder, clock: FrozenClock
) -> None:
    database = await database_at(tmp_path / "baton.db")
    await keep(
        database, make_article("cards", "visa mastercard"), make_article("secret", "visa fraud", visibility="internal")
    )
    port = free_port()
    with chroma_server(tmp_path / "chroma", port) as url:
        index = KnowledgeIndex(database, words_encoder, tmp_path / "home", url)
        await index.open()
        await index.refresh()
        retriever = Retriever(database, index, clock)

        async def slugs(viewer: Viewer) -> list[str]:
            outcome = await retriever.search("visa", viewer=viewer, log=False, mode="meaning")
            assert outcome.semantic
            return sorted(one.slug for one in outcome.results)

        assert await slugs(Viewer.CUSTOMER) == ["cards"]
        assert await slugs(Viewer.STAFF) == ["cards", "secret"]
        # Another home shares the server and leaves this one's collections alone.
        other_database = await database_at(tmp_path / "other.db")
        await keep(other_database, make_article("trello", "boards"))
        other = KnowledgeIndex(other_database, words_encoder, tmp_path / "other", url)
        await other.open()
        await other.refresh()
        await other.rebuild()
        await other.close()
        await other_database.close()
        assert await slugs(Viewer.CUSTOMER) == ["cards"]
        held = await asyncio.to_thread(
            httpx.get, f"{url}/api/v2/tenants/default_tenant/databases/default_database/collections", trust_env=False
        )
        assert len(held.json()) == 6
        # A second start finds everything there.
        await index.close()
        await index.open()
        assert (await index.refresh()).embedded == 0
    with capture_logs() as logged:
        outcome = await retriever.search("visa", viewer=Viewer.CUSTOMER, log=False)
    assert ([one.slug for one in outcome.results], outcome.semantic) == (["cards"], False)
    assert [one["event"] for one in logged] == ["knowledge_index_unreachable"]
    # Nothing was thrown away: with the server back, meaning takes part again.
    with chroma_server(tmp_path / "chroma", port):
        assert await slugs(Viewer.CUSTOMER) == ["cards"]
        await index.close()
    await database.close()


async def test_a_server_that_is_not_there_is_said_in_a_sentence(tmp_path: Path, words_encoder: WordsEncoder) -> None:
    database = await database_at(tmp_path / "baton.db")
    index = KnowledgeIndex(database, words_encoder, tmp_path / "home", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ConfigurationError, match="Chroma server at http://127.0.0.1:.* does not answer"):
        await index.open()
    await database.close()
