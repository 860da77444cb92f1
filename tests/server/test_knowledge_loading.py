"""The knowledge base is loaded again until it is there, and what is there answers meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from core.embedding import OnnxEncoder
from core.errors import ConfigurationError
from knowledge.articles import Viewer
from server import assistance
from server.background import load_knowledge, opened_knowledge
from tests.server.conftest import Running

ARTICLE = """---
id: download-invoices
title: Download invoices
category: billing
audience: customer
visibility: public
---
Open Billing and download every invoice as a PDF.
"""


class Later:
    """Fails a number of times, then does what it stands for."""

    def __init__(self, times: int, error: Exception, real: Any) -> None:
        self.left, self.error, self.real = times, error, real

    def __call__(self, *given: Any, **named: Any) -> Any:
        if self.left:
            self.left -= 1
            raise self.error
        return self.real(*given, **named)


class NoIndex:
    """An index in memory that finds nothing."""

    state = "building"

    def __init__(self, *_given: Any) -> None: ...

    async def open(self, *, stays: bool) -> None: ...

    async def close(self) -> None: ...

    async def refresh(self) -> None: ...


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.background.KNOWLEDGE_RETRIES", (0.0,))


async def load(running: Running) -> None:
    async with contextlib.AsyncExitStack() as stack:
        await asyncio.wait_for(opened_knowledge(running.service, stack), 60)


@pytest.mark.parametrize(
    "error", [OperationalError("SELECT", {}, OSError("the database restarts")), OSError(28, "No space left on device")]
)
async def test_a_database_or_a_disk_that_fails_at_the_start_is_tried_again(
    running: Running, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(assistance, "OnnxEncoder", lambda _folder: None)
    monkeypatch.setattr(assistance, "KnowledgeIndex", NoIndex)
    monkeypatch.setattr(assistance, "sync_folder", Later(2, error, assistance.sync_folder))
    await load(running)
    assert running.service.parts["knowledge"] == "ready"


async def test_without_an_index_the_words_of_a_question_still_find_their_article(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "download-invoices.md").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "other-names.yml").write_text("receipt: invoice", encoding="utf-8")
    monkeypatch.setattr(assistance, "OnnxEncoder", Later(10**6, ConfigurationError("not there"), OnnxEncoder))
    async with contextlib.AsyncExitStack() as stack:
        loading = asyncio.create_task(load_knowledge(running.service, stack))
        async with asyncio.timeout(60):
            found: list[Any] = []
            while not found:
                outcome = await running.service.knowledge().search("download invoices", viewer=Viewer.ANONYMOUS)
                found = outcome.results
        loading.cancel()
    assert [result.article_id for result in found] == ["download-invoices"]
    (correction,) = (await running.service.knowledge().search("receipts", viewer=Viewer.ANONYMOUS)).corrections
    assert (correction.typed, correction.used) == ("receipts", "invoices")
    assert running.service.parts["knowledge"] == "failed"


async def test_an_index_that_another_process_holds_is_taken_when_that_has_ended(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = ConfigurationError("Another process has the index open.")
    monkeypatch.setattr(assistance, "OnnxEncoder", lambda _folder: None)
    monkeypatch.setattr(assistance, "KnowledgeIndex", Later(3, held, NoIndex))
    await load(running)
    assert running.service.parts["knowledge"] == "ready"
    assert running.service.knowledge().state == "building"
