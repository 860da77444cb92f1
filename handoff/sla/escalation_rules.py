"""What follows a warning or a breach, as rules that a lead writes: read and checked. Pure.

A rule starts with a `warning` or a `breach`, or follows another rule; `after` minutes of the clock's working time later,
if nobody has done what is due by then, it acts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from core.errors import Invalid
from handoff.sla.policies import LONGEST_TARGET, METRICS, names_of
from tickets.vocabulary import PRIORITIES

Starts = Literal["warning", "breach"]
STARTS: tuple[Starts, ...] = get_args(Starts)
ActionKind = Literal["notify", "raise_priority", "move_to", "channel"]
TARGETS = ("assignee", "leads")
LEAD = "lead"
MOST_RULES = 100


@dataclass(frozen=True)
class Action:
    """One thing that a rule does.

    Attributes:
        kind: `notify` tells staff at the desk, `raise_priority` makes the ticket more pressing, `move_to` gives it to a
            team or a lead, `channel` calls the signed webhooks.
        target: whom, to what, where to, or which channel; empty for one step of priority.
    """

    kind: ActionKind
    target: str


@dataclass(frozen=True)
class EscalationRule:
    """One rule.

    Attributes:
        name: what people call it.
        starts: what it starts with; None for one that follows another.
        follows: the rule that it follows; None for one that starts with a warning or breach.
        after: minutes of working time on the clock's calendar after what it starts with or follows.
        actions: what it does, in order.
        metrics: of which clocks; empty is all.
        priorities: at which priorities; empty is all.
        teams: with which teams, in small letters; empty is all.
        policies: by which policies, in small letters; empty is all.
        always: whether it acts also where what was due has been done meanwhile.
    """

    name: str
    starts: Starts | None
    follows: str | None
    after: int
    actions: tuple[Action, ...]
    metrics: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    always: bool = False

    def fits(self, *, metric: str, priority: str, team: str, policy: str) -> bool:
        """Tell whether a clock of such a ticket is meant."""
        asked = (
            (self.metrics, metric),
            (self.priorities, priority),
            (self.teams, team.casefold()),
            (self.policies, policy.casefold()),
        )
        return all(not allowed or value in allowed for allowed, value in asked)

    @property
    def moves_to(self) -> str | None:
        """Return the team that it moves a ticket to, in small letters, if it does."""
        return next((one.target.casefold() for one in self.actions if one.kind == "move_to"), None)


def parse_escalations(data: object, policies: Sequence[str]) -> tuple[EscalationRule, ...]:
    """Read the list of rules.

    Args:
        data: the list; None or nothing is no rule.
        policies: the names that a rule's `policy` may give.

    Raises:
        Invalid: with the reason, and the place as its field; rules that lead back to themselves are named in their circle.
    """
    if data is None:
        return ()
    if not isinstance(data, list):
        raise Invalid("Escalations are a list of rules.", field="escalations")
    if len(data) > MOST_RULES:
        raise Invalid(f"There are {len(data)} escalations; {MOST_RULES} is the most.", field="escalations")
    known = {name.casefold() for name in policies}
    rules = tuple(_rule(item, known) for item in data)
    names = [rule.name for rule in rules]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Invalid(f"Two escalations are called {sorted(twice)[0]}.", field=sorted(twice)[0])
    for rule in rules:
        if rule.follows is not None and rule.follows not in names:
            raise Invalid(f"Escalation {rule.name} follows {rule.follows!r}, which is not there.", field=rule.name)
    if circle := _circle(rules):
        path = " → ".join(circle)
        raise Invalid(f"These escalations lead back to themselves: {path}. Take one link out.", field=circle[0])
    return rules


def rule_data(rule: EscalationRule) -> dict[str, Any]:
    """Write what a planned escalation keeps of its rule."""
    return {
        "name": rule.name,
        "actions": [[action.kind, action.target] for action in rule.actions],
        "always": rule.always,
    }


def actions_of_data(data: Mapping[str, Any]) -> tuple[Action, ...]:
    """Read the actions that `rule_data` wrote."""
    return tuple(Action(kind, target) for kind, target in data["actions"])


def _circle(rules: Sequence[EscalationRule]) -> list[str] | None:
    """Return a path that leads back to its start: by `follows`, or by moving tickets from team to team and back."""
    leads_to: dict[str, list[str]] = {
        rule.name: [
            other.name
            for other in rules
            if other.follows == rule.name
            or (rule.moves_to is not None and other.moves_to is not None and rule.moves_to in other.teams)
        ]
        for rule in rules
    }
    done: set[str] = set()
    for start, first in leads_to.items():
        path: list[str] = []
        stack = [(start, iter(first))]
        while stack:
            name, following = stack[-1]
            if len(path) < len(stack):
                path.append(name)
            step = next((one for one in following if one not in done), None)
            if step is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif step in path:
                return [*path[path.index(step) :], step]
            else:
                stack.append((step, iter(leads_to[step])))
    return None


def _rule(data: object, policies: set[str]) -> EscalationRule:
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str) or not data["name"].strip():
        raise Invalid("Every escalation needs a name.", field="escalations")
    name = data["name"]
    if len(name) > 100:
        raise Invalid("An escalation's name has at most 100 characters.", field=name)
    if unknown := set(data) - {"name", "starts", "follows", "after", "when", "do", "always"}:
        raise Invalid(f"Escalation {name} knows nothing of {', '.join(sorted(map(str, unknown)))}.", field=name)
    starts, follows = data.get("starts"), data.get("follows")
    if (starts is None) == (follows is None):
        raise Invalid(f"Escalation {name} either starts with a warning or breach, or follows another.", field=name)
    if starts is not None and starts not in STARTS:
        raise Invalid(f"Escalation {name} starts with warning or breach, not {starts!r}.", field=f"{name}.starts")
    after = data.get("after", 0)
    if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after <= LONGEST_TARGET:
        reason = f"Escalation {name}: after is {after!r}; it must be 0 to {LONGEST_TARGET:,} minutes."
        raise Invalid(reason, field=f"{name}.after")
    always = data.get("always", False)
    if not isinstance(always, bool):
        raise Invalid(f"Escalation {name}: always is true or false.", field=f"{name}.always")
    when = _when(name, data.get("when"), policies)
    actions = _actions(name, data.get("do"))
    return EscalationRule(
        name, starts, None if follows is None else str(follows), after, actions, **when, always=always
    )


def _when(name: str, data: object, policies: set[str]) -> dict[str, Any]:
    field = f"{name}.when"
    given = {} if data is None else data
    if not isinstance(given, Mapping) or not set(given) <= {"metric", "priority", "team", "policy"}:
        raise Invalid(f"Escalation {name}: `when` knows metric, priority, team and policy.", field=field)
    parts = {part: names_of(f"Escalation {name}", field, given.get(part)) for part in ("metric", "priority", "team")}
    for part, allowed in (("metric", METRICS), ("priority", PRIORITIES)):
        if wrong := parts[part] - set(cast(Sequence[str], allowed)):
            reason = f"Escalation {name}: {part} is {', '.join(allowed)}, not {sorted(wrong)[0]}."
            raise Invalid(reason, field=f"{field}.{part}")
    chosen = names_of(f"Escalation {name}", field, given.get("policy"))
    if wrong := chosen - policies:
        raise Invalid(f"Escalation {name}: there is no policy {sorted(wrong)[0]!r}.", field=f"{field}.policy")
    return {"metrics": parts["metric"], "priorities": parts["priority"], "teams": parts["team"], "policies": chosen}


def _actions(name: str, data: object) -> tuple[Action, ...]:
    field = f"{name}.do"
    if not isinstance(data, Mapping) or not data or not set(data) <= set(get_args(ActionKind)):
        reason = f"Escalation {name} does something: one or more of {', '.join(get_args(ActionKind))}."
        raise Invalid(reason, field=field)
    return tuple(action for kind in get_args(ActionKind) if kind in data for action in _action(name, kind, data[kind]))


def _action(name: str, kind: ActionKind, value: object) -> list[Action]:
    field = f"{name}.do.{kind}"
    if kind == "raise_priority":
        if value is True:
            return [Action(kind, "")]
        if value not in PRIORITIES:
            reason = f"Escalation {name}: raise_priority is true for one step, or {', '.join(PRIORITIES)}."
            raise Invalid(reason, field=field)
        return [Action(kind, str(value))]
    values = value if isinstance(value, list) and kind in {"notify", "channel"} else [value]
    if not values or not all(isinstance(one, str) and 0 < len(one.strip()) <= 40 for one in values):
        raise Invalid(f"Escalation {name}: {kind} is a name{_example(kind)}.", field=field)
    if kind == "notify" and (wrong := [one for one in values if one not in TARGETS]):
        raise Invalid(f"Escalation {name}: notify is assignee or leads, not {wrong[0]!r}.", field=field)
    return [Action(kind, one.strip()) for one in dict.fromkeys(cast(list[str], values))]


def _example(kind: ActionKind) -> str:
    return {
        "notify": ": assignee, leads or both in a list",
        "move_to": ": a team such as technical, or lead",
        "channel": " such as on-call, or a list of names",
        "raise_priority": "",
    }[kind]
