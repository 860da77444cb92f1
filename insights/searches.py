"""What people search for, and where it fails them: groups of questions with their trend, and how each week went.

Everything is counted in SQL; what comes back is as large as what is asked for, however long the log is. A question that has not been
grouped yet stands for itself by its form, so a report needs no encoder and nobody waits for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.database import Reader
from core.errors import Invalid
from insights.search_figures import (
    KINDS,
    Counts,
    Kind,
    Period,
    QuestionGroup,
    SearchReport,
    ShownArticle,
    Week,
    monday,
)
from insights.tables import forms
from knowledge.articles import Viewer
from knowledge.store import visible_to
from knowledge.tables import articles, openings, searches

LISTED = ("widget", "desk", "help", "api")
"""Surfaces that show a list to choose from. The bot shows the passage itself, so nothing needs to be clicked there."""
MOST_GROUPS = 100
WORDINGS = 5
ARTICLES = 3
WEEK = timedelta(days=7)

_s = searches.c
_not_opened = _s.opened.is_(None)
_WHEN: dict[Kind, sa.ColumnElement[bool]] = {
    "asked": sa.true(),
    "no_result": (_s.outcome == "unanswered") & _not_opened,
    "no_click": (_s.outcome == "answered") & _not_opened & _s.surface.in_(LISTED),
    "handed_over": _s.handed_over_at.is_not(None),
}
"""What counts as what. A search may be of several kinds: one without a result may be followed by a handoff."""

_EACH: dict[str, Callable[[sa.ColumnElement[Any]], sa.TableValuedAlias]] = {
    "sqlite": lambda results: sa.func.json_each(results).table_valued("value", "key"),
    "postgresql": lambda results: (
        sa.func.jsonb_array_elements_text(results)
        .table_valued("value", with_ordinality="key")
        .render_derived(name="found")
    ),
}
"""Gives each element of a JSON list a row with its place, by dialect name."""
_IS_PUBLIC = sa.func.coalesce(sa.and_(*visible_to(Viewer.ANONYMOUS)), sa.false()).label("is_public")
"""Whether an article has a page in the help centre; one that is gone has none."""


async def search_report(
    reader: Reader, period: Period, *, kinds: Sequence[Kind] = KINDS, limit: int = 10
) -> SearchReport:
    """Report on the searches of a period.

    Args:
        reader: a read of the database.
        period: which searches.
        kinds: which lists of groups to make.
        limit: groups in each list, 1 to 100.

    Raises:
        Invalid: the limit is out of bounds.
    """
    if not 1 <= limit <= MOST_GROUPS:
        raise Invalid(f"limit must be between 1 and {MOST_GROUPS}.", field="limit")
    return SearchReport(
        period=period,
        now=await _counts(reader, period.since, period.until, period.surfaces),
        before=await _counts(reader, period.before, period.since, period.surfaces),
        weeks=await _weeks(reader, period),
        groups={kind: await _groups(reader, period, kind, limit) for kind in kinds},
        ungrouped=await _ungrouped(reader, period),
        suggested=await _suggested(reader, period, limit),
    )


def _within(since: datetime, until: datetime, surfaces: Sequence[str]) -> sa.ColumnElement[bool]:
    return (_s.searched_at >= since) & (_s.searched_at < until) & _s.surface.in_(surfaces)


def _sum(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


async def _counts(reader: Reader, since: datetime, until: datetime, surfaces: Sequence[str]) -> Counts:
    listed = _s.surface.in_(LISTED)
    every: dict[str, sa.ColumnElement[int]] = {kind: _sum(condition) for kind, condition in _WHEN.items()}
    every |= {"listed": _sum(listed), "clicked": _sum(_s.opened.is_not(None) & listed)}
    statement = sa.select(*(column.label(name) for name, column in every.items()))
    row = (await reader.execute(statement.where(_within(since, until, surfaces)))).mappings().one()
    return Counts(**{name: int(row[name]) for name in every})


async def _weeks(reader: Reader, period: Period) -> tuple[Week, ...]:
    weeks = []
    begins = monday(period.since)
    while begins < period.until:
        until = min(begins + WEEK, period.until)
        weeks.append(Week(begins, await _counts(reader, begins, until, period.surfaces)))
        begins += WEEK
    return tuple(weeks)


def _grouped() -> tuple[sa.ColumnElement[str], Any]:
    """Return the group of a search, its form where it has none, and the tables that it comes from."""
    return sa.func.coalesce(forms.c.group_id, _s.form), searches.outerjoin(forms, forms.c.form == _s.form)


def _of_groups(ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """Say that a search is of these groups, so that the index on its form finds it."""
    members = sa.select(forms.c.form).where(forms.c.group_id.in_(ids))
    return _s.form.in_(members) | _s.form.in_(ids)


async def _groups(reader: Reader, period: Period, kind: Kind, limit: int) -> tuple[QuestionGroup, ...]:
    group, tables = _grouped()
    new, of_kind = _s.searched_at >= period.since, _WHEN[kind]
    count, before, asked = _sum(new & of_kind), _sum(~new & of_kind), _sum(new)
    last = sa.func.max(sa.case((new & of_kind, _s.searched_at)))
    columns: dict[str, sa.ColumnElement[Any]] = {
        "id": group,
        "now": count,
        "before": before,
        "asked": asked,
        "last": last,
    }
    statement = (
        sa.select(*(column.label(name) for name, column in columns.items()))
        .select_from(tables)
        .where(_within(period.before, period.until, period.surfaces))
        .group_by(group)
        .having(count > 0)
        .order_by(count.desc(), asked.desc(), group)
        .limit(limit)
    )
    rows = (await reader.execute(statement)).all()
    ids = [row.id for row in rows]
    wordings = await _wordings(reader, period, kind, ids)
    shown = await _shown(reader, period, kind, ids)
    surfaces = await _surfaces(reader, period, kind, ids)
    return tuple(
        QuestionGroup(
            id=row.id,
            question=wordings[row.id][0],
            count=row.now,
            before=row.before,
            asked=row.asked,
            wordings=wordings[row.id],
            articles=shown[row.id],
            last_asked=row.last,
            surfaces=surfaces[row.id],
        )
        for row in rows
    )


async def _surfaces(reader: Reader, period: Period, kind: Kind, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return where the searches of each group were made, and how many, the most used surface first."""
    group, tables = _grouped()
    times = sa.func.count().label("times")
    statement = (
        sa.select(group.label("id"), _s.surface, times)
        .select_from(tables)
        .where(_within(period.since, period.until, period.surfaces), _WHEN[kind], _of_groups(ids))
        .group_by(group, _s.surface)
        .order_by(group, times.desc(), _s.surface)
    )
    found: dict[str, dict[str, int]] = {id_: {} for id_ in ids}
    for row in await reader.execute(statement):
        found[row.id][row.surface] = row.times
    return found


async def _wordings(reader: Reader, period: Period, kind: Kind, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    group, tables = _grouped()
    times = sa.func.count().label("times")
    of_groups = (
        sa.select(group.label("id"), _s.question, times)
        .select_from(tables)
        .where(_within(period.since, period.until, period.surfaces), _WHEN[kind], _of_groups(ids))
        .group_by(group, _s.question)
        .subquery()
    )
    order = (of_groups.c.times.desc(), sa.func.length(of_groups.c.question), of_groups.c.question)
    place = sa.func.row_number().over(partition_by=of_groups.c.id, order_by=order).label("place")
    ranked = sa.select(of_groups.c.id, of_groups.c.question, place).subquery()
    statement = sa.select(ranked).where(ranked.c.place <= WORDINGS).order_by(ranked.c.id, ranked.c.place)
    found: dict[str, tuple[str, ...]] = {}
    for row in await reader.execute(statement):
        found[row.id] = (*found.get(row.id, ()), row.question)
    return found


async def _shown(reader: Reader, period: Period, kind: Kind, ids: Sequence[str]) -> dict[str, tuple[ShownArticle, ...]]:
    """Return what was found most often for each group; of articles found equally often, first what stood higher."""
    group, tables = _grouped()
    each = _EACH[reader.dialect.name](_s.results)
    article_id, times = each.c.value, sa.func.count().label("times")
    counted = (
        sa.select(group.label("id"), article_id.label("article_id"), times, sa.func.sum(each.c.key).label("places"))
        .select_from(tables.join(each, sa.true()))
        .where(_within(period.since, period.until, period.surfaces), _WHEN[kind], _of_groups(ids))
        .group_by(group, article_id)
        .subquery()
    )
    order = (counted.c.times.desc(), counted.c.places, counted.c.article_id)
    place = sa.func.row_number().over(partition_by=counted.c.id, order_by=order).label("place")
    ranked = sa.select(counted, place).subquery()
    statement = (
        sa.select(ranked, articles.c.title, articles.c.slug, _IS_PUBLIC)
        .outerjoin(articles, articles.c.id == ranked.c.article_id)
        .where(ranked.c.place <= ARTICLES)
        .order_by(ranked.c.id, ranked.c.place)
    )
    found: dict[str, tuple[ShownArticle, ...]] = dict.fromkeys(ids, ())
    for row in await reader.execute(statement):
        found[row.id] += (ShownArticle(row.article_id, row.title, row.slug, row.is_public, row.times),)
    return found


async def _suggested(reader: Reader, period: Period, limit: int) -> tuple[ShownArticle, ...]:
    """Count what was opened from suggestions; whatever the surfaces, for these are the widget's own."""
    own = openings.c
    times = sa.func.count().label("times")
    counted = (
        sa.select(own.article_id, articles.c.title, articles.c.slug, _IS_PUBLIC, times)
        .outerjoin(articles, articles.c.id == own.article_id)
        .where(own.led_by == "suggestion", own.opened_at >= period.since, own.opened_at < period.until)
        .group_by(own.article_id, articles.c.title, articles.c.slug, _IS_PUBLIC)
        .order_by(times.desc(), own.article_id)
        .limit(limit)
    )
    return tuple(ShownArticle(*row) for row in await reader.execute(counted))


async def _ungrouped(reader: Reader, period: Period) -> int:
    statement = (
        sa.select(sa.func.count(sa.distinct(_s.form)))
        .select_from(searches.outerjoin(forms, forms.c.form == _s.form))
        .where(_within(period.since, period.until, period.surfaces), forms.c.form.is_(None))
    )
    return int((await reader.execute(statement)).scalar_one())
