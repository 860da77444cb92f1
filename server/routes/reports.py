"""Reports for who edits articles and leads a team: what people search for, and where it fails them."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from insights.search_figures import LONGEST_DAYS, Kind, period_of
from insights.searches import MOST_GROUPS, search_report
from insights.sla import LONGEST_DAYS as LONGEST_SLA_DAYS
from insights.sla import sla_report
from server.api import Route, checked
from server.search_report_view import (
    FoundForGroupView,
    QuestionGroupView,
    SearchCountsView,
    SearchWeekView,
    article_views,
    counts_view,
    group_views,
    period_view,
    week_views,
)
from server.service import SERVICE
from server.sla_report_view import SlaReportView, sla_report_view
from server.staff_auth import EDITING, LEADING, signed_in


class SearchReportQuery(BaseModel):
    """Which list, over how many days until now, at most how many groups, and searched where (`widget,help`; empty is everywhere)."""

    kind: Kind = "asked"
    days: int = Field(30, ge=1, le=LONGEST_DAYS)
    limit: int = Field(20, ge=1, le=MOST_GROUPS)
    surface: str = Field("", max_length=80)


class ReportPeriodView(TypedDict):
    """What a report is about."""

    since: str
    until: str
    surfaces: list[str]


class SearchReportView(TypedDict):
    """One list of groups, with the counts of the period, of the one before, and of each week."""

    kind: Literal["asked", "no_result", "no_click", "handed_over"]
    period: ReportPeriodView
    now: SearchCountsView
    before: SearchCountsView
    weeks: list[SearchWeekView]
    groups: list[QuestionGroupView]
    ungrouped: int
    suggested: list[FoundForGroupView]


async def get_search_report(request: web.Request) -> web.Response:
    """Return what people search for."""
    service = request.app[SERVICE]
    await signed_in(request, EDITING)
    query = checked(dict(request.query), SearchReportQuery)
    surfaces = [name.strip() for name in query.surface.split(",") if name.strip()]
    period = period_of(query.days, service.clock.now(), surfaces)
    async with service.database.read() as reader:
        report = await search_report(reader, period, kinds=(query.kind,), limit=query.limit)
    return web.json_response(
        {
            "kind": query.kind,
            "period": period_view(report),
            "now": counts_view(report.now),
            "before": counts_view(report.before),
            "weeks": week_views(report),
            "groups": group_views(report, query.kind),
            "ungrouped": report.ungrouped,
            "suggested": article_views(report.suggested),
        }
    )


class SlaReportQuery(BaseModel):
    """Over how many days until now."""

    days: int = Field(30, ge=1, le=LONGEST_SLA_DAYS)


async def get_sla_report(request: web.Request) -> web.Response:
    """Return how well promises are kept."""
    service = request.app[SERVICE]
    await signed_in(request, LEADING)
    query = checked(dict(request.query), SlaReportQuery)
    async with service.database.read() as reader:
        report = await sla_report(reader, query.days, service.clock.now())
    return web.json_response(sla_report_view(report))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/reports/sla", get_sla_report, "How well promises are kept", auth="staff", query=SlaReportQuery,
          returns=SlaReportView),
    Route("GET", "/api/desk/reports/searches", get_search_report, "What people search for", auth="staff",
          query=SearchReportQuery, returns=SearchReportView),
)  # fmt: skip
