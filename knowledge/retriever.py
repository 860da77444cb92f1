"""The one search that everybody uses: two searches merged to articles, and the honesty to say that none answers."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, NamedTuple, get_args

from core.clock import Clock
from core.database import Database, Reader
from core.errors import Invalid
from core.prepared import Row
from core.text import mended
from knowledge.articles import Audience, Viewer
from knowledge.asking import LONG, Asked, telling_terms, understand
from knowledge.confidence import judge
from knowledge.follow_ups import goes_on, leans, may_lean, together, with_own_passage
from knowledge.foresight import Foresight, going_on
from knowledge.full_text import FullText, Memory, leading_terms
from knowledge.index import KnowledgeIndex, State
from knowledge.other_names import OtherNames, better_of
from knowledge.postings import Postings
from knowledge.ranking import most_possible, rank, shape
from knowledge.related import Related, find_related
from knowledge.results import Found, SearchOutcome, read_shown, result_of
from knowledge.scoring import Worded, score
from knowledge.searches import log_search, search_entry
from knowledge.word_queries import EVERYTHING, Only

LONGEST_QUESTION = 100_000
"""Characters, about 15,000 words."""
MOST_RESULTS = 50
NEAREST = 60
"""Passages taken from the semantic search: as good an order as from 100 (nDCG@10 differs by .0003), in a third less of Chroma's time."""
Mode = Literal["hybrid", "words", "meaning"]
Near = list[tuple[int, float]] | None
"""Passages near in meaning with their cosines, best first; None where meaning takes no part."""


Understanding = Callable[[], Awaitable[Asked]]
"""Counts and corrects a question's words when it is called."""


class _Scored(NamedTuple):
    """A question as it was understood, its candidates with what their words are worth, and the cosines of those near in meaning."""

    asked: Asked
    worded: list[Worded]
    cosines: dict[int, float] | None


class _Sought(NamedTuple):
    """All that a search's outcome depends on, beside what there is to be found."""

    question: str
    viewer: Viewer
    limit: int
    only: Only
    mode: Mode
    without: frozenset[str] = frozenset()


class Retriever:
    """Hybrid search over the articles that a viewer may see. Safe to share; `index` and `names` may come later or never."""

    def __init__(
        self, db: Database, index: KnowledgeIndex | None, clock: Clock, full_text: FullText | None = None
    ) -> None:
        self.database = db
        self._clock = clock
        self._full_text = full_text or FullText()
        self.index = index
        self.names = OtherNames()
        self._foresight: Foresight[SearchOutcome] = Foresight()

    @property
    def state(self) -> State:
        """The index's state: `ready`, `building`, or `closed` when words alone decide."""
        return "closed" if self.index is None else self.index.state

    async def search(
        self,
        question: str,
        *,
        viewer: Viewer,
        limit: int = 5,
        category: str | None = None,
        audience: Audience | None = None,
        after: str | None = None,
        surface: str = "",
        conversation_id: str | None = None,
        log: bool = True,
        mode: Mode = "hybrid",
        without: Collection[str] = (),
    ) -> SearchOutcome:
        """Find the articles that answer `question`, among those that `viewer` may see.

        Args:
            question: in the customer's words, 1 to 100,000 characters.
            viewer: decides inside both searches, before anything is ranked, which articles there are.
            limit: results at most, 1 to 50.
            category: only articles of this category; one that does not exist has none.
            audience: only articles written for `customer` or `internal` readers, or for both. It narrows what `viewer` may see.
            after: the question that the same person asked before, which this one may go on from; the log then has both.
            surface: where it was asked (`bot`, `desk`, `help`, `command`), for the log.
            conversation_id: the conversation it belongs to, for the log.
            log: whether to keep it in the log of searches now; whoever says no may keep the outcome's `entry` in a write of its own.
            mode: both searches, or one of them alone, for comparisons.
            without: ids of articles that are searched as if they were not there: the best of the others is judged by itself.

        Raises:
            Invalid: the question is empty or too long, the limit is out of bounds, or there is no such audience.
        """
        question = _checked(question, limit)
        if audience is not None and audience not in get_args(Audience):
            raise Invalid(f"audience must be one of {', '.join(get_args(Audience))}.", field="audience")
        only = Only(category, audience).up_to(viewer)
        sought = _Sought(question, viewer, limit, only, mode, frozenset(without))
        outcome = await self._foresight.ask(sought, partial(self._search, sought))
        if after and (not outcome.answered or may_lean(question)):
            outcome = await self._with_the_one_before(sought, after, outcome)
        searched_for = outcome.question or question
        entry = search_entry(
            searched_for,
            surface=surface,
            viewer=viewer,
            article_ids=[result.article_id for result in outcome.results],
            outcome="answered" if outcome.answered else "unanswered",
            confidence=outcome.confidence,
            at=self._clock.now(),
            conversation_id=conversation_id,
        )
        if log:
            async with self.database.write() as tx:
                await log_search(tx, entry)
        return replace(outcome, entry=entry, question=searched_for)

    @contextlib.contextmanager
    def foreseeing(self, question: str, viewer: Viewer, limit: int) -> Iterator[None]:
        """Have the search of this question going on for the length of the block, for a `search` that is likely to come in it.

        What cannot be searched for is left for that to say.
        """
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(Invalid):
                sought = _Sought(_checked(question, limit), viewer, limit, EVERYTHING, "hybrid")
                stack.enter_context(self._foresight.begun(sought, partial(self._search, sought)))
            yield

    async def related(self, slug: str, viewer: Viewer, limit: int = 4) -> list[Related]:
        """Return the articles that go with the one at `slug`: see `knowledge.related.find_related`."""
        return await find_related(self, slug, viewer, limit)

    async def _search(self, sought: _Sought) -> SearchOutcome:
        """Search for the question as it was asked, and in the articles' words where it has other names for what they tell of."""
        outcome = await self._search_as_asked(sought)
        reading = self.names.reading(sought.question) if sought.mode == "hybrid" else None
        if reading is None:
            return outcome
        return better_of(outcome, reading, await self._search_as_asked(sought._replace(question=reading.question)))

    async def _with_the_one_before(self, sought: _Sought, before: str, alone: SearchOutcome) -> SearchOutcome:
        """Search for a question together with the one before; as alone, where it does not go on from that, or is better answered alone."""
        both = together(before, sought.question)
        found = await self._search(sought._replace(question=both))
        follows = leans if alone.answered else goes_on
        if not follows(sought.question, found):
            return alone
        first = with_own_passage(found.results[0], alone)
        return replace(found, results=[first, *found.results[1:]], question=both)

    async def _search_as_asked(self, sought: _Sought) -> SearchOutcome:
        question, viewer, limit, only, mode, without = sought
        telling = telling_terms(question)
        if not telling:
            return SearchOutcome()
        # A small knowledge base answers in less time than its statements would take to visit another thread.
        reading = self.database.glance if self._full_text.passages <= self._full_text.few else self.database.read
        async with reading() as reader:
            found = await self._find(reader, question, telling, viewer, only, mode, without)
            if not found.ranked:
                return SearchOutcome(semantic=found.semantic, corrections=found.corrections)
            shown = found.ranked[:limit]
            chosen = {one.article_id for one in shown}
            ids = [one.passage_id for one in found.parts.values() if one.article_id in chosen]
            rows: dict[str, list[Row]] = {}
            for row in await read_shown(reader, ids, viewer):
                rows.setdefault(row["article_id"], []).append(row)
        judged = judge(shape(found.ranked, found.statistics, semantic=found.semantic), semantic=found.semantic)
        idf = {term: found.statistics.idf(term) for term in found.statistics.frequencies}
        most = most_possible(found.ranked)
        results = [
            result_of(question, rows[one.article_id], found, idf, min(1.0, one.score / most))
            for one in shown
            if one.article_id in rows
        ]
        return SearchOutcome(
            results,
            judged.answered,
            judged.confidence,
            found.semantic,
            corrections=found.corrections,
            close=judged.close,
        )

    async def find(
        self,
        question: str,
        terms: Sequence[str],
        viewer: Viewer,
        *,
        mode: Mode = "hybrid",
        without: Collection[str] = (),
    ) -> Found:
        """Order the articles for a question, without their texts: what `search` judges and shows, and learning measures.

        Args:
            question: what is compared by meaning.
            terms: the question's words, as `knowledge.terms.question_terms` gives them.
            viewer: decides which articles there are.
            mode: both searches, or one of them alone.
            without: ids of articles that are to be treated as if they were not there.
        """
        async with self.database.read() as reader:
            return await self._find(reader, question, terms, viewer, EVERYTHING, mode, without)

    async def _find(
        self,
        reader: Reader,
        question: str,
        terms: Sequence[str],
        viewer: Viewer,
        only: Only,
        mode: Mode,
        without: Collection[str] = (),
    ) -> Found:
        memory = await self._full_text.recall(reader)
        knows = getattr(self.index.encoder, "knows", _knows_nothing) if self.index is not None else _knows_nothing
        understood = partial(
            understand, reader, self._full_text, memory, question, terms, viewer, knows=knows, spelling=mode == "hybrid"
        )
        postings = None if only else await self._full_text.postings(reader, memory)
        if postings is not None:
            scored = await self._score_in_memory(postings, understood, viewer, mode)
        else:
            scored = await self._score_in_sql(reader, memory, understood, question, viewer, only, mode)
        asked, worded, cosines = scored
        if mode == "meaning" and cosines is not None:
            worded = [one._replace(score=0.0) for one in worded if one.passage_id in cosines]
        ranked = rank(worded, cosines, asked.statistics, titles=mode == "hybrid", without=without)
        parts = {one.passage_id: one for one in worded}
        return Found(ranked, asked.statistics, cosines is not None, asked.corrections, parts, cosines or {})

    async def _score_in_memory(
        self, postings: Postings, understood: Understanding, viewer: Viewer, mode: Mode
    ) -> _Scored:
        """Score the candidates of a small knowledge base, whose words are all in memory."""
        asked = await understood()
        near = await self._near(asked.text, viewer, EVERYTHING, mode)
        cosines = None if near is None else dict(near)
        leading = leading_terms(asked.terms, asked.statistics)
        worded = postings.score(
            asked.terms, asked.statistics, asked.weights, viewer, leading=leading, near=cosines or ()
        )
        return _Scored(asked, worded, cosines)

    async def _score_in_sql(
        self,
        reader: Reader,
        memory: Memory,
        understood: Understanding,
        question: str,
        viewer: Viewer,
        only: Only,
        mode: Mode,
    ) -> _Scored:
        """Score the candidates of a large knowledge base, found in SQL."""
        # Most questions are compared by meaning as they were typed: that goes on while their words are looked up.
        typed = None if len(question) > LONG else self._near(question, viewer, only, mode)
        async with going_on(typed) as begun:
            asked = await understood()
            read = partial(self._full_text.read, reader, memory, viewer=viewer, only=only)
            ids = await self._full_text.search(reader, asked.terms, asked.statistics, viewer, only=only)
            worded = score(await read(ids), asked.terms, asked.statistics, asked.weights)
            same = begun is not None and asked.text == question
            near = await (begun if begun and same else self._near(asked.text, viewer, only, mode))
        cosines = None if near is None else dict(near)
        others = await read(set(cosines or ()).difference(ids))
        worded = sorted([*worded, *score(others, asked.terms, asked.statistics, asked.weights)])
        return _Scored(asked, worded, cosines)

    async def _near(self, question: str, viewer: Viewer, only: Only, mode: Mode) -> Near:
        if self.index is None or mode == "words":
            return None
        return await self.index.search(question, viewer, _how_many(only))


def _how_many(only: Only) -> int:
    """Say how many near passages are asked for: a category or an audience takes some of them away, an audience mostly of staff's own."""
    if not only:
        return NEAREST
    return NEAREST * (5 if only.up_to(Viewer.CUSTOMER) else 2)


def _knows_nothing(_word: str) -> bool:
    return False


def _checked(question: str, limit: int) -> str:
    question = str(mended(question.replace("\x00", " "))).strip()
    if not question:
        raise Invalid("Please type a question.", field="question")
    if len(question) > LONGEST_QUESTION:
        raise Invalid(f"Please ask in at most {LONGEST_QUESTION:,} characters.", field="question")
    if not 1 <= limit <= MOST_RESULTS:
        raise Invalid(f"limit must be between 1 and {MOST_RESULTS}.", field="limit")
    return question
