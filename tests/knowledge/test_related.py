"""Related articles: the named ones first, then what is near, and never what a viewer may not see."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import FrozenClock
from core.database import Database
from core.embedding import Encoder
from core.errors import Invalid, NotFound
from knowledge.articles import Viewer
from knowledge.index import KnowledgeIndex
from knowledge.retriever import Retriever
from knowledge.seed import sync_folder
from tests.knowledge.conftest import ROOT, Searching, WordsEncoder, keep, make_article


async def test_named_articles_come_first_then_those_with_the_same_subject(
    database: Database, words_encoder: WordsEncoder, searching: Searching
) -> None:
    await keep(
        database,
        make_article("invoice-download", "Open billing.", related=("trello",)),
        make_article("invoice-address", "Change the invoice address."),
        make_article("trello", "Boards."),
        make_article("keyboard", "Shortcuts."),
    )
    async with searching(database, words_encoder) as retriever:
        found = await retriever.related("invoice-download", Viewer.ANONYMOUS, 3)
    assert [one.slug for one in found] == ["trello", "invoice-address"]
    assert found[0].url == "/help/trello"


async def test_an_article_that_is_named_by_its_old_address_is_found_at_its_new_one(
    database: Database, clock: FrozenClock
) -> None:
    pointer = make_article("pointer", "Something.", related=("cards", "seats"))
    await keep(database, pointer, make_article("cards", "Visa.", id="fh-1"), make_article("seats", "Seats."))
    await keep(database, make_article("pay", "Visa.", id="fh-1"))
    retriever = Retriever(database, None, clock)
    assert [one.slug for one in await retriever.related("pointer", Viewer.ANONYMOUS, 2)] == ["pay", "seats"]
    await keep(database, make_article("cards", "Secret.", id="fh-2", visibility="internal"))
    assert [one.slug for one in await retriever.related("pointer", Viewer.ANONYMOUS, 2)] == ["pay", "seats"]
    assert [one.slug for one in await retriever.related("pointer", Viewer.STAFF, 2)] == ["cards", "seats"]


async def test_hidden_articles_are_related_to_nothing_and_have_nothing_related(
    database: Database, words_encoder: WordsEncoder, searching: Searching
) -> None:
    await keep(
        database,
        make_article("invoice-download", "Open billing.", related=("invoice-secret", "invoice-draft")),
        make_article("invoice-secret", "invoice download", visibility="internal"),
        make_article("invoice-account", "invoice download", visibility="authenticated"),
        make_article("invoice-draft", "invoice download", status="draft"),
    )
    async with searching(database, words_encoder) as retriever:

        async def slugs(viewer: Viewer) -> set[str]:
            return {one.slug for one in await retriever.related("invoice-download", viewer, 10)}

        assert await slugs(Viewer.ANONYMOUS) == set()
        assert await slugs(Viewer.CUSTOMER) == {"invoice-account"}
        assert await slugs(Viewer.STAFF) == {"invoice-account", "invoice-secret"}
        for slug in ("invoice-secret", "invoice-draft", "nowhere", "' OR 1=1 --"):
            with pytest.raises(NotFound):
                await retriever.related(slug, Viewer.CUSTOMER)


@pytest.mark.parametrize("limit", [0, -1, 21, 10_000])
async def test_a_limit_out_of_bounds_is_refused(database: Database, clock: FrozenClock, limit: int) -> None:
    with pytest.raises(Invalid, match="between 1 and 20"):
        await Retriever(database, None, clock).related("any", Viewer.ANONYMOUS, limit)


async def test_the_shipped_articles_have_related_ones_of_their_subject(
    database: Database, tmp_path: Path, encoder: Encoder, clock: FrozenClock
) -> None:
    await sync_folder(database, ROOT / "knowledge" / "articles", clock)
    index = KnowledgeIndex(database, encoder, tmp_path / "index")
    await index.open()
    try:
        await index.refresh()
        related = await Retriever(database, index, clock).related("saml-sso-okta", Viewer.STAFF, 5)
    finally:
        await index.close()
    assert {"saml-sso-entra-id", "saml-errors"} <= {one.slug for one in related}
