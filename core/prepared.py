"""Statements of a turn's way, put together once: on SQLite they go to the driver as text, past all that SQLAlchemy does for each call.

SQLAlchemy compiles the statement and gives the converters of its columns, so tables and types stay the one truth; what is left out is
the making of its contexts, cursors and results, several times the work of SQLite itself. On PostgreSQL, where the network costs more
than all of that, a prepared statement is executed like any other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.database import Reader, driver_of

Row = Mapping[str, Any]
_Converter = Callable[[Any], Any] | None


class Rows(list[Row]):
    """The rows of a statement, by their columns' names, with how many it changed."""

    rowcount: int = -1

    def one_or_none(self) -> Row | None:
        """Return the only row, None if there is none.

        Raises:
            MultipleResultsFound: there are several.
        """
        if len(self) > 1:
            raise sa.exc.MultipleResultsFound("One row was expected, and there are several.")
        return self[0] if self else None

    def scalar_one(self) -> Any:
        """Return the first column of the only row.

        Raises:
            NoResultFound: there is no row.
        """
        row = self.one_or_none()
        if row is None:
            raise sa.exc.NoResultFound("One row was expected, and there is none.")
        return next(iter(row.values()))


class Prepared:
    """A statement that is always of the same form; what differs is bound.

    Args:
        statement: a `select`, a text with its columns, an `insert`, or an `update`; no `IN` of a list, no defaults that are made in Python.
        small: whether it reads a few rows by their key and nothing else, so that SQLite is not asked in a thread of its own.
    """

    def __init__(
        self, statement: sa.Select[Any] | sa.TextualSelect | sa.Insert | sa.Update, *, small: bool = False
    ) -> None:
        self._statement = statement
        self._small = small
        self._plain: dict[tuple[str, ...], _Plain] = {}

    async def execute(self, reader: Reader, parameters: Mapping[str, Any]) -> Rows:
        """Run it in the transaction of `reader`, with one set of parameters."""
        driver = driver_of(reader)
        if driver is None:
            return await self._by_sqlalchemy(reader, parameters)
        names = tuple(parameters)
        plain = self._plain.get(names)
        if plain is None:
            plain = self._plain[names] = _Plain(self._statement, names, reader.dialect)
        try:
            found, _, rowcount, _ = await driver.run(plain.text, plain.bound(parameters), many=False, small=self._small)
        except sqlite3.Error as error:
            raise sa.exc.DBAPIError.instance(
                plain.text, None, error, sqlite3.Error, hide_parameters=True, dialect=reader.dialect
            ) from error
        rows = plain.read(found)
        rows.rowcount = rowcount
        return rows

    async def _by_sqlalchemy(self, reader: Reader, parameters: Mapping[str, Any]) -> Rows:
        result = await reader.execute(self._statement, dict(parameters))
        rows = Rows(dict(row) for row in (result.mappings() if result.returns_rows else ()))
        rows.rowcount = result.rowcount
        return rows


class _Plain:
    """A statement for one dialect and one set of parameters' names: its text, and how values are turned on their way in and out."""

    def __init__(self, statement: Any, names: Sequence[str], dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        if "POSTCOMPILE" in compiled.string or compiled.insert_prefetch or compiled.update_prefetch:
            raise ValueError("a prepared statement has no list of values and no defaults that are made in Python")
        self.text: str = compiled.string
        self._given: list[tuple[str, _Converter]] = []
        self._fixed: dict[str, Any] = {}
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            if bind.key not in names:
                if bind.required:
                    raise ValueError(f"the statement needs {bind.key}")
                self._fixed[bind.key] = bind.effective_value
            self._given.append((bind.key, bind.type.dialect_impl(dialect).bind_processor(dialect)))
        self._columns: list[tuple[str, _Converter]] = [
            (column.key, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for column in statement.exported_columns
        ]
        self._names = [name for name, _ in self._columns]
        self._as_found = all(turn is None for _, turn in self._columns)

    def bound(self, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the text's question marks."""
        values = {**self._fixed, **parameters} if self._fixed else parameters
        return [values[name] if turn is None else turn(values[name]) for name, turn in self._given]

    def read(self, found: Sequence[Sequence[Any]]) -> Rows:
        """Return what the driver found, by name."""
        if self._as_found:
            return Rows(dict(zip(self._names, row, strict=True)) for row in found)
        return Rows(
            {
                name: value if turn is None else turn(value)
                for (name, turn), value in zip(self._columns, row, strict=True)
            }
            for row in found
        )
