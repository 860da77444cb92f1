"""The report on searches as JSON: the same for the desk's list and for `baton report searches --json`."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from core.clock import iso
from insights.search_figures import Counts, Kind, QuestionGroup, SearchReport, ShownArticle
from knowledge.articles import article_url


class SearchCountsView(TypedDict):
    """Searches by kind, and shares of 0 to 1; null of nothing."""

    searches: int
    no_result: int
    no_click: int
    handed_over: int
    no_result_rate: float | None
    no_click_rate: float | None
    handed_over_rate: float | None


class SearchWeekView(TypedDict):
    """A week from Monday 0:00 UTC."""

    week: str
    counts: SearchCountsView


class FoundForGroupView(TypedDict):
    """An article that was found for a group's questions; the title is null if it is there no more, the address if it has no public page."""

    article_id: str
    title: str | None
    url: str | None
    shown: int


class QuestionGroupView(TypedDict):
    """Questions that ask nearly the same, as far as they are of the list's kind.

    `change` is the rise (0.5 is half more) over the period before, null if there was none; `surfaces` counts where they were asked,
    the most used first.
    """

    id: str
    question: str
    count: int
    before: int
    change: float | None
    asked: int
    last_asked: str
    surfaces: dict[str, int]
    wordings: list[str]
    articles: list[FoundForGroupView]


def counts_view(counts: Counts) -> SearchCountsView:
    """Write counts with their shares."""
    return SearchCountsView(
        searches=counts.asked,
        no_result=counts.no_result,
        no_click=counts.no_click,
        handed_over=counts.handed_over,
        no_result_rate=_rounded(counts.share("no_result")),
        no_click_rate=_rounded(counts.share("no_click")),
        handed_over_rate=_rounded(counts.share("handed_over")),
    )


def week_views(report: SearchReport) -> list[SearchWeekView]:
    """Write the weeks, the oldest first."""
    return [
        SearchWeekView(week=week.begins.date().isoformat(), counts=counts_view(week.counts)) for week in report.weeks
    ]


def group_views(report: SearchReport, kind: Kind) -> list[QuestionGroupView]:
    """Write the groups of a kind, the most frequent first."""
    groups: Sequence[QuestionGroup] = report.groups[kind]
    return [
        QuestionGroupView(
            id=group.id,
            question=group.question,
            count=group.count,
            before=group.before,
            change=_rounded(group.change),
            asked=group.asked,
            last_asked=iso(group.last_asked),
            surfaces=group.surfaces,
            wordings=list(group.wordings),
            articles=article_views(group.articles),
        )
        for group in groups
    ]


def article_views(counted: Sequence[ShownArticle]) -> list[FoundForGroupView]:
    """Write articles with how often each was shown or opened."""
    return [
        FoundForGroupView(
            article_id=one.article_id,
            title=one.title,
            url=article_url(one.slug) if one.slug is not None and one.is_public else None,
            shown=one.shown,
        )
        for one in counted
    ]


def period_view(report: SearchReport) -> dict[str, str | list[str]]:
    """Write what a report is about."""
    period = report.period
    return {"since": iso(period.since), "until": iso(period.until), "surfaces": list(period.surfaces)}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
