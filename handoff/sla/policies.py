"""What is promised to whom: SLA policies as data, the first match wins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, cast, get_args

from core.errors import Invalid
from handoff.sla.calendar_data import calendar_data, parse_calendar
from handoff.sla.calendars import ALWAYS, Calendar
from tickets.vocabulary import PRIORITIES, Priority

Metric = Literal["first_response", "next_response", "resolution"]
METRICS: tuple[Metric, ...] = get_args(Metric)

WARN_AT = 0.8
LONGEST_TARGET = 365 * 24 * 60
LONGEST_WEEKS = 520
"""A target that its calendar needs more than ten years for is a mistake."""


@dataclass(frozen=True)
class When:
    """Whom a policy is for. An empty part fits everything; plans, teams and channels compare in small letters."""

    plans: frozenset[str] = frozenset()
    revenue_at_least: float = 0
    teams: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()

    def fits(self, *, plan: str | None, mrr: float | None, team: str | None, channel: str | None) -> bool:
        """Tell whether a ticket with these is meant. Unknown revenue counts as none."""
        named = ((self.plans, plan), (self.teams, team), (self.channels, channel))
        return (mrr or 0) >= self.revenue_at_least and all(
            not allowed or (value or "").casefold() in allowed for allowed, value in named
        )


@dataclass(frozen=True)
class Policy:
    """What is promised: minutes of working time by priority and metric, on a calendar.

    Attributes:
        name: what people call it.
        calendar: when its time counts.
        targets: for every priority the minutes of every metric.
        warn_at: the share of a target after which a warning comes.
        when: whom it is for.
        version: of the rules that it is from (`handoff.sla.sla_rules`).
    """

    name: str
    calendar: Calendar
    targets: Mapping[Priority, Mapping[Metric, int]]
    warn_at: float = WARN_AT
    when: When = When()
    version: int = 0

    def minutes(self, priority: Priority, metric: Metric) -> int:
        """Return the target in minutes of working time."""
        return self.targets[priority][metric]


def choose_policy(
    policies: Sequence[Policy], *, plan: str | None, mrr: float | None, team: str | None, channel: str | None
) -> Policy:
    """Return the first policy that fits.

    Args:
        policies: in order; `parse_policies` sees to it that the last fits everything.
        plan: the customer's plan.
        mrr: monthly revenue in whole units of the currency.
        team: the team that triage chose.
        channel: where the ticket came from.

    Raises:
        Invalid: none fits.
    """
    for policy in policies:
        if policy.when.fits(plan=plan, mrr=mrr, team=team, channel=channel):
            return policy
    raise Invalid("No SLA policy fits; the last one should have no `when`.", field="policies")


def parse_policies(data: object, version: int = 0) -> tuple[Policy, ...]:
    """Read `calendars` and `policies`; `version` is that of the rules that they are part of.

    Raises:
        Invalid: with the reason, and the place as its field.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("policies"), list) or not data["policies"]:
        raise Invalid("There must be a list of policies.", field="policies")
    given = data.get("calendars") or {}
    if not isinstance(given, Mapping):
        raise Invalid("Calendars are listed by name.", field="calendars")
    calendars = {str(name): parse_calendar(str(name), calendar) for name, calendar in given.items()}
    calendars.setdefault(ALWAYS.name, ALWAYS)
    policies = tuple(replace(_policy(policy, calendars), version=version) for policy in data["policies"])
    for early in policies[:-1]:
        if early.when == When():
            raise Invalid(f"Policy {early.name} fits everything, so those after it never count.", field=early.name)
    if policies[-1].when != When():
        raise Invalid(f"The last policy, {policies[-1].name}, must fit everything: leave out `when`.", field="policies")
    names = [policy.name for policy in policies]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Invalid(f"Two policies are called {sorted(twice)[0]}.", field="policies")
    return policies


def policy_data(policy: Policy) -> dict[str, Any]:
    """Write what a clock keeps of its policy: name, version, calendar, warning and targets."""
    return {
        "name": policy.name,
        "version": policy.version,
        "calendar": {"name": policy.calendar.name, **calendar_data(policy.calendar)},
        "warn_at": policy.warn_at,
        "targets": {priority: dict(targets) for priority, targets in policy.targets.items()},
    }


def policy_of_data(data: Mapping[str, Any]) -> Policy:
    """Read what `policy_data` wrote. Whom it was for is not kept: a clock has been given it already."""
    return _policy_of_text(json.dumps(data, sort_keys=True))


@lru_cache(maxsize=1024)
def _policy_of_text(text: str) -> Policy:
    """A thousand clocks have copies of few policies."""
    data = json.loads(text)
    name = data["calendar"].pop("name")
    kept = parse_calendar(name, data["calendar"])
    return Policy(data["name"], kept, data["targets"], data["warn_at"], version=data.get("version", 0))


def _policy(data: object, calendars: Mapping[str, Calendar]) -> Policy:
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str) or not data["name"].strip():
        raise Invalid("Every policy needs a name.", field="policies")
    name = data["name"]
    if unknown := set(data) - {"name", "when", "calendar", "warn_at", "targets"}:
        raise Invalid(f"Policy {name} knows nothing of {', '.join(sorted(map(str, unknown)))}.", field=name)
    calendar = calendars.get(str(data.get("calendar", ALWAYS.name)))
    if calendar is None:
        raise Invalid(f"Policy {name}: there is no calendar {data['calendar']!r}.", field=f"{name}.calendar")
    warn_at = data.get("warn_at", WARN_AT)
    if not _is_number(warn_at) or not 0 < warn_at < 1:
        raise Invalid(f"Policy {name}: warn_at is a share between 0 and 1, such as 0.8.", field=f"{name}.warn_at")
    targets = data.get("targets")
    if not isinstance(targets, Mapping) or set(targets) != set(PRIORITIES):
        raise Invalid(
            f"Policy {name} needs targets for {', '.join(PRIORITIES)}, and no others.", field=f"{name}.targets"
        )
    read = {priority: _targets(name, priority, targets[priority], calendar) for priority in PRIORITIES}
    return Policy(name, calendar, read, float(warn_at), _when(name, data.get("when")))


def _targets(name: str, priority: Priority, data: object, calendar: Calendar) -> dict[Metric, int]:
    field = f"{name}.targets.{priority}"
    if not isinstance(data, Mapping) or not {"first_response", "resolution"} <= set(data) <= set(METRICS):
        reason = (
            f"Policy {name}: {priority} needs minutes for first_response and resolution, and may have next_response."
        )
        raise Invalid(reason, field=field)
    minutes = {**data, "next_response": data.get("next_response", data["first_response"])}
    for metric, target in minutes.items():
        if isinstance(target, bool) or not isinstance(target, int) or not 1 <= target <= LONGEST_TARGET:
            reason = f"Policy {name}: {metric} of {priority} is {target!r}; it must be 1 to {LONGEST_TARGET:,} minutes."
            raise Invalid(reason, field=f"{field}.{metric}")
        weekly = sum(window.end - window.start for day in calendar.week for window in day)
        if target > weekly * LONGEST_WEEKS:
            reason = f"Policy {name}: {metric} of {priority} takes calendar {calendar.name} more than ten years."
            raise Invalid(reason, field=f"{field}.{metric}")
    return {metric: minutes[metric] for metric in METRICS}


def _when(name: str, data: object) -> When:
    if data is None:
        return When()
    field = f"{name}.when"
    if not isinstance(data, Mapping) or not set(data) <= {"plan", "revenue_at_least", "team", "channel"}:
        raise Invalid(f"Policy {name}: `when` knows plan, revenue_at_least, team and channel.", field=field)
    revenue = data.get("revenue_at_least", 0)
    if not _is_number(revenue) or revenue < 0:
        raise Invalid(f"Policy {name}: revenue_at_least is an amount a month, 0 or more.", field=field)
    plans, teams, channels = (names_of(f"Policy {name}", field, data.get(part)) for part in ("plan", "team", "channel"))
    return When(plans, float(cast(float, revenue)), teams, channels)


def names_of(owner: str, field: str, listed: object) -> frozenset[str]:
    """Read a name or a list of names, in small letters.

    Raises:
        Invalid: it is neither.
    """
    if isinstance(listed, str):
        listed = [listed]
    if listed is not None and (not isinstance(listed, list) or not all(isinstance(item, str) for item in listed)):
        raise Invalid(f"{owner}: each part of `when` is a name or a list of names.", field=field)
    return frozenset(item.casefold() for item in cast(list[str], listed or []))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
