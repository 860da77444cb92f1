"""Questions that ask nearly the same come into one group, once, whoever groups them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from core.clock import FrozenClock
from core.database import Database
from core.embedding import OnnxEncoder, Vectors
from insights import question_groups
from insights.question_groups import NEAR_ENOUGH, Centres, Grouping, figures_of, forget_groups, ungrouped
from insights.tables import forms, groups
from knowledge.articles import Viewer
from knowledge.searches import log_search, purge_searches, search_entry, words_of
from server.settings import ROOT
from tests.knowledge.conftest import WordsEncoder


async def ask(database: Database, clock: FrozenClock, *questions: str) -> None:
    for question in questions:
        clock.set(clock.now() + timedelta(seconds=1))
        entry = search_entry(
            question, surface="help", viewer=Viewer.ANONYMOUS, article_ids=[], outcome="unanswered", confidence=0.1,
            at=clock.now(),
        )  # fmt: skip
        async with database.write() as tx:
            await log_search(tx, entry)


async def grouped(database: Database) -> dict[str, str]:
    async with database.read() as reader:
        return {row.form: row.group_id for row in await reader.execute(sa.select(forms))}


async def sizes(database: Database) -> list[int]:
    found = list((await grouped(database)).values())
    return sorted(found.count(one) for one in set(found))


def unit(*values: float) -> Vectors:
    vector = np.array(values, dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def test_a_form_joins_the_nearest_centre_that_is_near_enough_and_begins_a_group_otherwise() -> None:
    centres = Centres(2)
    first = centres.place(unit(1, 0), "")
    assert centres.place(unit(1, 0.1), "") == first
    second = centres.place(unit(0, 1), "")
    assert second != first
    assert centres.place(unit(0.1, 1), "") == second
    edge = float(np.cos(np.arccos(NEAR_ENOUGH) + 0.2))
    assert centres.place(unit(-edge, (1 - edge**2) ** 0.5), "") not in {first, second}


def test_forms_with_other_figures_never_share_a_group() -> None:
    centres = Centres(2)
    first = centres.place(unit(1, 0), "err402")
    other = centres.place(unit(1, 0), "err403")
    assert first != other
    assert centres.place(unit(1, 0.1), "err403") == other
    assert figures_of(words_of("ERR_402 since version 4.1")) == "402 41 err402"


def test_the_oldest_group_goes_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question_groups, "MOST_GROUPS", 300)
    centres = Centres(400)
    ids = [centres.place(np.asarray(row, dtype=np.float32), "") for row in np.eye(400, dtype=np.float32)]
    assert len(set(ids)) == 400
    assert len(centres.ids) == 300
    assert centres.place(np.eye(400, dtype=np.float32)[399], "") == ids[399]
    assert centres.place(np.eye(400, dtype=np.float32)[0], "") not in ids


async def test_near_questions_share_a_group_and_each_form_is_embedded_once(
    database: Database, clock: FrozenClock, words_encoder: WordsEncoder
) -> None:
    await ask(database, clock, "download invoices", "invoices download", "invoices download pdf", "change my avatar")
    grouping = Grouping(database, words_encoder)
    assert await grouping.group_some() == 3
    assert words_encoder.encoded == ["download invoices", "invoices download pdf", "change my avatar"]
    assert await sizes(database) == [1, 2]
    assert await grouping.group_some() == 0
    await ask(database, clock, "Download the invoice", "pdf download invoices")
    assert await grouping.group_some() == 0
    async with database.read() as reader:
        assert await ungrouped(reader, words_encoder.model_id, 10) == []


async def test_another_process_goes_on_with_the_groups_that_it_finds(
    database: Database, clock: FrozenClock, words_encoder: WordsEncoder
) -> None:
    await ask(database, clock, "download invoices")
    await Grouping(database, words_encoder).group_some()
    await ask(database, clock, "download invoices pdf", "change avatar")
    await Grouping(database, words_encoder).group_some()
    assert await sizes(database) == [1, 2]


async def test_processes_that_group_at_the_same_moment_agree(
    database: Database, clock: FrozenClock, words_encoder: WordsEncoder
) -> None:
    await ask(database, clock, *(f"zq{letter}zq xk{letter}xk" for letter in "abcdefghijklmnopqrstuvwx"))
    await asyncio.gather(*(Grouping(database, words_encoder).group_some() for _ in range(3)))
    found = await grouped(database)
    assert len(found) == 24
    async with database.read() as reader:
        assert set(await reader.scalars(sa.select(groups.c.id))) == set(found.values())


async def test_the_same_questions_in_the_same_order_make_the_same_groups(
    database: Database, clock: FrozenClock, words_encoder: WordsEncoder
) -> None:
    questions = [
        f"{a} {b} {c}" for a in ("red", "blue") for b in ("card", "bill", "plan") for c in ("pdf", "csv", "png")
    ]
    await ask(database, clock, *questions)
    partitions = []
    for limit in (100, 5):
        async with database.write() as tx:
            await tx.execute(sa.delete(forms))
            await tx.execute(sa.delete(groups))
        grouping = Grouping(database, words_encoder)
        while await grouping.group_some(limit):
            pass
        by_group: dict[str, set[str]] = {}
        for form, group in (await grouped(database)).items():
            by_group.setdefault(group, set()).add(form)
        partitions.append(sorted(sorted(one) for one in by_group.values()))
    assert partitions[0] == partitions[1]
    assert len(partitions[0]) > 1


async def test_another_model_groups_everything_anew(
    database: Database, clock: FrozenClock, words_encoder: WordsEncoder
) -> None:
    await ask(database, clock, "download invoices", "change avatar")
    await Grouping(database, words_encoder).group_some()
    before = await grouped(database)
    assert await Grouping(database, WordsEncoder("words-2")).group_some() == 2
    after = await grouped(database)
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    await forget_groups(database)
    async with database.read() as reader:
        assert set(await reader.scalars(sa.select(groups.c.id))) == set(after.values())


class Failing(WordsEncoder):
    """Fails at the second of its calls for a word."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        if "boom" in texts[0]:
            raise RuntimeError("no memory")
        return super().encode(texts)


async def test_an_encoder_that_fails_leaves_what_was_grouped_before(database: Database, clock: FrozenClock) -> None:
    await ask(database, clock, *(f"topic{n}x question" for n in range(question_groups.BATCH)), "boom")
    with pytest.raises(RuntimeError, match="no memory"):
        await Grouping(database, Failing()).group_some()
    assert len(await grouped(database)) == question_groups.BATCH


async def test_groups_of_deleted_searches_are_forgotten_and_their_questions_begin_anew(
    database: Database, clock: FrozenClock, words_encoder: WordsEncoder
) -> None:
    await ask(database, clock, "download invoices")
    cut = clock.now() + timedelta(milliseconds=1)
    await ask(database, clock, "change avatar")
    grouping = Grouping(database, words_encoder)
    await grouping.group_some()
    await purge_searches(database, cut)
    assert await forget_groups(database) == 1
    assert len(await grouped(database)) == 1
    await ask(database, clock, "download invoices")
    await grouping.group_some()
    async with database.read() as reader:
        known = set(await reader.scalars(sa.select(groups.c.id)))
    assert set((await grouped(database)).values()) == known


ENCODER = Path(os.environ.get("BATON_ENCODER_DIR") or ROOT / "var" / "models" / "encoder")


@pytest.mark.skipif(not (ENCODER / "encoder.json").exists(), reason="the encoder is not exported")
async def test_the_real_encoder_groups_paraphrases_and_keeps_topics_and_codes_apart(
    database: Database, clock: FrozenClock
) -> None:
    same = ["how do I download an invoice", "download a copy of an invoice", "I want to download an invoice as PDF"]
    others = [
        "how do I reset my password",
        "what does ERR_402 mean",
        "what does ERR_403 mean",
        "can I pay by bank transfer",
    ]
    await ask(database, clock, *same, *others)
    await Grouping(database, OnnxEncoder(ENCODER)).group_some()
    assert await sizes(database) == [1, 1, 1, 1, 3]
