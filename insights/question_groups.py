"""Groups questions that ask nearly the same: first by their normalised form, then by the nearness of what they mean.

Incremental leader clustering: a new form joins the group with the nearest centre, if that is near enough and has the same figures, else
it begins a group. A form is embedded once; its place is kept in SQL. So the cost follows the number of new forms, and the result
the order in which they were first asked. Cosine and threshold are for all-MiniLM-L6-v2; docs/feedback.md says how they were measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa

from core.database import INSERT, Database, Reader, Transaction
from core.embedding import Encoder, Vectors
from core.identifiers import new_id
from insights.tables import changes, forms, groups
from knowledge.searches import words_of
from knowledge.tables import searches

NEAR_ENOUGH = 0.80
"""The lowest cosine to a group's centre at which a form joins it."""
MOST_GROUPS = 20_000
"""Groups that new forms are compared with, the latest: 61 MB of sums and centres at 384 dimensions."""
BATCH = 16
"""Forms placed in one write, so that nobody waits long for the database."""
AT_ONCE = 512
"""Forms looked up at once."""
_DELETED_AT_ONCE = 1_000


@dataclass(frozen=True)
class NewForm:
    """A form that has no group yet, with the wording that it was first asked in."""

    form: str
    question: str

    @property
    def figures(self) -> str:
        """The form's terms that hold a digit, in order."""
        return figures_of(words_of(self.question))


def figures_of(words: Sequence[str]) -> str:
    """Return the terms that hold a digit, separated by spaces: an error code, a version, a standard's number."""
    return " ".join(word for word in words if any(one.isdigit() for one in word))


@dataclass
class Centres:
    """The groups in memory, as of one change. Pure: `place` decides, the caller keeps."""

    dimensions: int
    ids: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    seen: int = 0

    def __post_init__(self) -> None:
        self._sums: Vectors = np.zeros((256, self.dimensions), dtype=np.float32)
        self._units: Vectors = np.zeros((256, self.dimensions), dtype=np.float32)
        self._rows: dict[str, int] = {}
        self._next_out = 0

    def put(self, group_id: str, figures: str, total: Vectors) -> None:
        """Take in a group's state; one that is known is replaced, and the oldest goes when there are too many."""
        row = self._rows.get(group_id)
        if row is None:
            row = self._free_row(group_id, figures)
        self._sums[row] = total
        self._units[row] = total / max(float(np.linalg.norm(total)), 1e-12)

    def place(self, vector: Vectors, figures: str) -> str:
        """Return the group that a form's vector belongs to: the nearest with the same figures, else a new one. Adds the vector to it."""
        group_id = self._nearest(vector, figures)
        if group_id is None:
            group_id = new_id("qg")
            self.put(group_id, figures, vector)
        else:
            self.put(group_id, figures, self.sum_of(group_id) + vector)
        return group_id

    def sum_of(self, group_id: str) -> Vectors:
        """Return the sum of a group's vectors."""
        total: Vectors = self._sums[self._rows[group_id]]
        return total

    def _nearest(self, vector: Vectors, figures: str) -> str | None:
        count = len(self.ids)
        if not count:
            return None
        cosines = self._units[:count] @ vector
        near = np.flatnonzero(cosines >= NEAR_ENOUGH)
        row: int
        for row in near[np.argsort(-cosines[near], kind="stable")]:
            if self.figures[row] == figures:
                return self.ids[row]
        return None

    def _free_row(self, group_id: str, figures: str) -> int:
        count = len(self.ids)
        if count >= MOST_GROUPS:
            row = self._next_out % MOST_GROUPS
            self._next_out += 1
            del self._rows[self.ids[row]]
            self.ids[row], self.figures[row] = group_id, figures
        else:
            if count == len(self._sums):
                self._sums = np.concatenate([self._sums, np.zeros_like(self._sums)])
                self._units = np.concatenate([self._units, np.zeros_like(self._units)])
            row = count
            self.ids.append(group_id)
            self.figures.append(figures)
        self._rows[group_id] = row
        return row


class Grouping:
    """Gives new forms their groups. Safe in several processes: who changes groups holds one row and reads first what is new."""

    def __init__(self, db: Database, encoder: Encoder) -> None:
        self._db = db
        self._encoder = encoder
        self._centres = Centres(encoder.dimensions)

    async def group_some(self, limit: int = AT_ONCE, progress: Callable[[int], None] = lambda _done: None) -> int:
        """Group up to `limit` new forms, first asked first; return how many there were. Idempotent by form and model.

        Args:
            limit: forms at most.
            progress: is told how many are done.
        """
        async with self._db.read() as reader:
            new = await ungrouped(reader, self._encoder.model_id, limit)
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            vectors = await asyncio.to_thread(self._embed, batch)
            try:
                await self._place(batch, vectors)
            except BaseException:
                # What was placed in memory was not kept: read it anew.
                self._centres = Centres(self._encoder.dimensions)
                raise
            progress(start + len(batch))
        return len(new)

    async def _place(self, batch: Sequence[NewForm], vectors: Sequence[Vectors]) -> None:
        async with self._db.write() as tx:
            number = await _next_change(tx)
            await self._catch_up(tx.connection)
            new = await self._still_new(tx.connection, batch)
            chosen = [(one, vector) for one, vector in zip(batch, vectors, strict=True) if one.form in new]
            placed = await asyncio.to_thread(self._choose, chosen)
            for one, group_id, total in placed:
                await _keep_form(tx, one.form, group_id, self._encoder.model_id)
                await self._keep_group(tx, group_id, one.figures, total, number)
        self._centres.seen = number

    def _choose(self, chosen: Sequence[tuple[NewForm, Vectors]]) -> list[tuple[NewForm, str, bytes]]:
        placed = []
        for one, vector in chosen:
            group_id = self._centres.place(vector, one.figures)
            placed.append((one, group_id, self._centres.sum_of(group_id).astype("<f4").tobytes()))
        return placed

    def _embed(self, new: Sequence[NewForm]) -> list[Vectors]:
        # One by one: an int8 encoder's vectors depend a little on their company, and what was just searched is remembered.
        return [np.array(self._encoder.encode([one.question])[0], dtype=np.float32) for one in new]

    async def _catch_up(self, reader: Reader) -> None:
        changed = (
            sa.select(groups)
            .where(groups.c.model_id == self._encoder.model_id, groups.c.changed > self._centres.seen)
            .order_by(groups.c.changed.desc(), groups.c.id)
            .limit(MOST_GROUPS)
        )
        for row in reversed((await reader.execute(changed)).all()):
            self._centres.put(row.id, row.figures, np.frombuffer(row.sum, dtype="<f4"))

    async def _still_new(self, reader: Reader, new: Sequence[NewForm]) -> set[str]:
        wanted = {one.form for one in new}
        known = sa.select(forms.c.form).where(forms.c.form.in_(wanted), forms.c.model_id == self._encoder.model_id)
        return wanted - set(await reader.scalars(known))

    async def _keep_group(self, tx: Transaction, group_id: str, figures: str, total: bytes, number: int) -> None:
        values = {"model_id": self._encoder.model_id, "figures": figures, "sum": total, "changed": number}
        statement = INSERT[tx.connection.dialect.name](groups).values(id=group_id, **values)
        await tx.execute(statement.on_conflict_do_update(index_elements=[groups.c.id], set_=values))


async def ungrouped(reader: Reader, model_id: str, limit: int) -> list[NewForm]:
    """Return forms that this model has not grouped, those first asked first, each with its first wording."""
    grouped = sa.select(forms.c.form).where(forms.c.form == searches.c.form, forms.c.model_id == model_id)
    first = (
        sa.select(searches.c.form, sa.func.min(searches.c.searched_at).label("first"))
        .where(~grouped.exists())
        .group_by(searches.c.form)
        .order_by(sa.literal_column("first"), searches.c.form)
        .limit(limit)
        .subquery()
    )
    wording = (
        sa.select(searches.c.form, sa.func.min(searches.c.question).label("question"), first.c.first)
        .join(first, (first.c.form == searches.c.form) & (first.c.first == searches.c.searched_at))
        .group_by(searches.c.form, first.c.first)
        .order_by(first.c.first, searches.c.form)
    )
    return [NewForm(row.form, row.question) for row in await reader.execute(wording)]


async def forget_groups(db: Database) -> int:
    """Delete the forms that no search of the log has any more, and the groups left without one; return how many forms there were."""
    deleted = 0
    gone = sa.select(forms.c.form).where(~sa.exists().where(searches.c.form == forms.c.form)).limit(_DELETED_AT_ONCE)
    while True:
        async with db.write() as tx:
            await _next_change(tx)
            count = (await tx.execute(sa.delete(forms).where(forms.c.form.in_(gone)))).rowcount
            if count < _DELETED_AT_ONCE:
                await tx.execute(sa.delete(groups).where(~sa.exists().where(forms.c.group_id == groups.c.id)))
        deleted += count
        if count < _DELETED_AT_ONCE:
            return deleted


async def _next_change(tx: Transaction) -> int:
    """Draw the number of a change, and hold its row until the end of the write."""
    statement = INSERT[tx.connection.dialect.name](changes).values(name="groups", number=1)
    drawn = await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[changes.c.name], set_={"number": changes.c.number + 1}
        ).returning(changes.c.number)
    )
    return int(drawn.scalar_one())


async def _keep_form(tx: Transaction, form: str, group_id: str, model_id: str) -> None:
    values = {"group_id": group_id, "model_id": model_id}
    statement = INSERT[tx.connection.dialect.name](forms).values(form=form, **values)
    await tx.execute(statement.on_conflict_do_update(index_elements=[forms.c.form], set_=values))
