"""Weeks as the databases count them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class week_of(GenericFunction[str]):
    """The Monday of a moment's week, by UTC, as `2026-11-23`."""

    type = sa.String()
    inherit_cache = True


@compiles(week_of, "sqlite")
def _in_sqlite(element: week_of, compiler: SQLCompiler, **given: Any) -> str:
    # Of the day, since a millisecond is the least that it knows: to the next Sunday, which may be the day itself, and six days back.
    return f"date(substr({compiler.process(element.clauses, **given)}, 1, 10), 'weekday 0', '-6 days')"


@compiles(week_of, "postgresql")
def _in_postgresql(element: week_of, compiler: SQLCompiler, **given: Any) -> str:
    return f"to_char(date_trunc('week', {compiler.process(element.clauses, **given)} AT TIME ZONE 'UTC'), 'YYYY-MM-DD')"
