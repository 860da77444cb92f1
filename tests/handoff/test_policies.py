"""Policies: what the default promises, which one is taken, and what is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigurationError, Invalid
from handoff.sla.calendars import ALWAYS
from handoff.sla.policies import Policy, choose_policy, parse_policies, policy_data, policy_of_data
from handoff.sla.sla_rules import read_rules_file, shipped_rules

TARGETS = {
    "urgent": {"first_response": 15, "next_response": 20, "resolution": 120},
    "high": {"first_response": 60, "resolution": 240},
    "normal": {"first_response": 240, "resolution": 960},
    "low": {"first_response": 480, "resolution": 1920},
}
GOOD: dict[str, Any] = {
    "calendars": {"office": {"zone": "Europe/Berlin", "windows": {"mon-fri": ["09:00-17:00"]}}},
    "policies": [
        {"name": "Enterprise", "when": {"plan": "Enterprise"}, "targets": TARGETS},
        {"name": "Large", "when": {"revenue_at_least": 5000, "channel": ["widget", "email"]}, "targets": TARGETS},
        {"name": "Security", "when": {"team": ["security"]}, "warn_at": 0.5, "targets": TARGETS},
        {"name": "Everyone", "calendar": "office", "targets": TARGETS},
    ],
}


def changed(path: str, value: object) -> dict[str, Any]:
    """Return `GOOD` with one place set, or taken away if the value is `...`."""
    data = copy.deepcopy(GOOD)
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    place: Any = data
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return data


@pytest.mark.parametrize(
    ("priority", "first", "resolution"),
    [("urgent", 30, 240), ("high", 120, 480), ("normal", 480, 1440), ("low", 1440, 4320)],
)
def test_the_default_policy_promises_what_the_design_says(priority: Any, first: int, resolution: int) -> None:
    (policy,) = shipped_rules().policies
    assert policy.calendar == ALWAYS
    assert policy.warn_at == 0.8
    assert policy.minutes(priority, "first_response") == first
    assert policy.minutes(priority, "next_response") == first
    assert policy.minutes(priority, "resolution") == resolution


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ({"plan": "enterprise", "mrr": 9000, "channel": "widget"}, "Enterprise"),
        ({"plan": "business", "mrr": 5000, "channel": "widget"}, "Large"),
        ({"plan": "business", "mrr": 4999.99, "channel": "widget"}, "Everyone"),
        ({"plan": "business", "mrr": 5000, "channel": "api"}, "Everyone"),
        ({"team": "security"}, "Security"),
        ({"team": "security", "plan": "ENTERPRISE"}, "Enterprise"),
        ({"plan": "unheard of"}, "Everyone"),
        ({}, "Everyone"),
    ],
)
def test_the_first_policy_that_fits_is_taken(known: dict[str, Any], name: str) -> None:
    policies = parse_policies(GOOD)
    asked: dict[str, Any] = {"plan": None, "mrr": None, "team": None, "channel": None, **known}
    assert choose_policy(policies, **asked).name == name


def test_where_no_policy_fits_the_reason_is_told() -> None:
    with pytest.raises(Invalid, match="No SLA policy fits"):
        choose_policy((), plan=None, mrr=None, team=None, channel=None)


def test_a_next_response_target_may_differ_and_is_else_the_first_response_target() -> None:
    policy = parse_policies(GOOD)[0]
    assert policy.minutes("urgent", "next_response") == 20
    assert policy.minutes("high", "next_response") == 60


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("policies", [], "must be a list of policies"),
        ("policies.0.name", ..., "needs a name"),
        ("policies.0.name", "Everyone", "Two policies are called Everyone"),
        ("policies.0.when", ..., "Enterprise fits everything"),
        ("policies.3.when", {"plan": "free"}, "must fit everything"),
        ("policies.0.when", {"plans": "free"}, "`when` knows"),
        ("policies.0.when", {"plan": 7}, "a name or a list of names"),
        ("policies.0.when", {"revenue_at_least": -1}, "0 or more"),
        ("policies.0.colour", "red", "knows nothing of colour"),
        ("policies.3.calendar", "nights", "no calendar 'nights'"),
        ("policies.0.warn_at", 1, "a share between 0 and 1"),
        ("policies.0.warn_at", 0, "a share between 0 and 1"),
        ("policies.0.warn_at", True, "a share between 0 and 1"),
        ("policies.0.targets", ..., "needs targets for urgent, high, normal, low"),
        ("policies.0.targets.low", ..., "needs targets for"),
        ("policies.0.targets.low", {}, "needs minutes for first_response and resolution"),
        ("policies.0.targets.low", {"first_response": 10}, "needs minutes for first_response and resolution"),
        ("policies.0.targets.low.first_reply", 5, "needs minutes for"),
        ("policies.0.targets.low.resolution", 0, "is 0; it must be 1 to 525,600 minutes"),
        ("policies.0.targets.low.resolution", 1_000_000, "is 1000000; it must be"),
        ("policies.0.targets.low.resolution", 1.5, "is 1.5; it must be"),
        ("policies.0.targets.low.resolution", True, "is True; it must be"),
        ("policies.0.targets.low.resolution", "1h", "is '1h'; it must be"),
        ("calendars.office.windows", {"mon": ["09:00-09:05"]}, "more than ten years"),
        ("calendars.office.zone", "Mars/Base", "no time zone"),
        ("calendars", ["office"], "listed by name"),
    ],
)
def test_a_policy_that_is_not_right_is_refused_with_the_reason(path: str, value: object, told: str) -> None:
    data = changed(path, value)
    if told == "more than ten years":
        data["policies"][3]["targets"] = {**TARGETS, "low": {"first_response": 1, "resolution": 5 * 521}}
    with pytest.raises(Invalid) as refusal:
        parse_policies(data)
    assert told in refusal.value.message


def test_a_file_that_is_not_right_is_named(tmp_path: Path) -> None:
    for content, told in [("policies: [", "are not right"), ("policies: []", "are not right"), ("7", "are not right")]:
        file = tmp_path / "policies.yml"
        file.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=told) as refusal:
            read_rules_file(file)
        assert str(file) in refusal.value.message
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_rules_file(tmp_path / "none.yml")


def test_a_clocks_copy_of_its_policy_reads_back_the_same_but_for_whom_it_was() -> None:
    for policy in (*shipped_rules().policies, *parse_policies(GOOD)):
        again = policy_of_data(policy_data(policy))
        assert again == Policy(policy.name, policy.calendar, policy.targets, policy.warn_at)
