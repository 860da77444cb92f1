"""The shipped articles are found by what customers ask, with the shipped encoder, weights and threshold."""

from __future__ import annotations

from pathlib import Path

import yaml

from core.clock import FrozenClock
from core.database import Database, metadata
from core.embedding import Encoder
from knowledge.articles import Viewer
from knowledge.index import KnowledgeIndex
from knowledge.other_names import read_other_names
from knowledge.retriever import Retriever
from knowledge.seed import sync_folder
from tests.knowledge.conftest import ROOT

OTHERWISE_NAMED = {
    "How do I restore a deleted card?": "recover-deleted-items",
    "How do I export a board to csv?": "export-data",
    "make a board private": "private-projects",
    "repeat a ticket every week": "recurring-tasks",
    "buy more licenses": "manage-seats",
    "my card was declined": "change-payment-card",
    "remove my card": "change-payment-card",
    "move our trello boards over": "import-trello",
    "payment issue": "failed-payment",
    "an issue with my payment": "failed-payment",
}
"""Questions with words that `other-names.yml` knows, in that sense and in another."""
FAR = ("zzzz", "qwertzuiop", "gift cards", "how tall is mount everest", "lorem ipsum dolor sit amet", "whiteboard")
"""Questions to which no article comes close."""
FOLLOW_UPS = yaml.safe_load((Path(__file__).parent / "follow_ups.yml").read_text(encoding="utf-8"))
QUESTIONS = yaml.safe_load((Path(__file__).parent / "questions.yml").read_text(encoding="utf-8"))


async def test_customers_questions_find_their_articles_and_foreign_ones_find_none(
    tmp_path: Path, encoder: Encoder, clock: FrozenClock
) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/baton.db")
    async with database.write() as tx:
        await tx.connection.run_sync(metadata.create_all)
    index = KnowledgeIndex(database, encoder, tmp_path / "index")
    try:
        report = await sync_folder(database, ROOT / "knowledge" / "articles", clock)
        assert report.broken == []
        await index.open()
        await index.refresh()
        retriever = Retriever(database, index, clock)
        retriever.names = read_other_names(ROOT / "knowledge" / "articles")

        async def ask(question: str) -> tuple[bool, list[str]]:
            outcome = await retriever.search(question, viewer=Viewer.ANONYMOUS, limit=3, log=False)
            return outcome.answered, [one.slug for one in outcome.results]

        answered, slugs = await ask("can I get my invoices as pdf?")
        assert (answered, slugs[0]) == (True, "download-invoices")
        for question, slug in OTHERWISE_NAMED.items():
            assert (await ask(question))[1][0] == slug, question
        for question in FAR:
            assert not (await retriever.search(question, viewer=Viewer.ANONYMOUS, log=False)).close, question
        for question in (
            "do you have a linux desktop app?",
            "what's the weather in Paris",
            "can fernhill print gantt charts on a plotter",
        ):
            assert not (await ask(question))[0], question

        found = {question: await ask(question) for question in [*QUESTIONS["answered"], *QUESTIONS["unanswered"]]}
        wanted = QUESTIONS["answered"]
        first = [question for question in wanted if found[question][1][0] in wanted[question]]
        among = [question for question in wanted if set(found[question][1]) & set(wanted[question])]
        declined = [question for question in QUESTIONS["unanswered"] if not found[question][0]]
        said = [question for question in wanted if found[question][0]]
        # The figures of docs/knowledge.md, with room for another build of the encoder.
        assert len(first) >= 0.87 * len(wanted)
        assert len(among) >= 0.95 * len(wanted)
        assert len(said) >= 0.78 * len(wanted)
        assert len(declined) >= 0.8 * len(QUESTIONS["unanswered"])

        await assert_follow_ups_are_understood(retriever)
    finally:
        await index.close()
        await database.close()


async def assert_follow_ups_are_understood(retriever: Retriever) -> None:
    right, wrong = [], []
    for kind, pairs in FOLLOW_UPS.items():
        for pair in pairs:
            found = await retriever.search(
                pair["asked"], viewer=Viewer.CUSTOMER, after=pair["before"], limit=3, log=False
            )
            if found.question == f"{pair['before']} {pair['asked']}":
                fits = kind == "answered" and found.results[0].slug in pair["by"]
                (right if fits else wrong).append(pair)
    # 37 of these have no answer by themselves; docs/knowledge.md has the figures.
    assert len(right) >= 17
    assert len(wrong) <= 1
