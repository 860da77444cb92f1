"""The words that a ticket is described with, each list in the order people see it."""

from __future__ import annotations

from typing import Literal, get_args

Status = Literal["open", "pending", "resolved", "closed"]
Priority = Literal["urgent", "high", "normal", "low"]
Category = Literal[
    "account", "sign-in", "billing", "plans", "cancellation", "projects", "sharing", "integrations", "api",
    "import-export", "security", "outage", "other",
]  # fmt: skip

STATUSES: tuple[Status, ...] = get_args(Status)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
CATEGORIES: tuple[Category, ...] = get_args(Category)

FINISHED: frozenset[Status] = frozenset({"resolved", "closed"})
"""Statuses of a ticket that asks for nothing more."""


def raised(priority: Priority) -> Priority:
    """Return the priority one step more pressing; urgent stays urgent."""
    return PRIORITIES[max(0, PRIORITIES.index(priority) - 1)]


def more_pressing(one: Priority, other: Priority) -> Priority:
    """Return the more pressing of two priorities."""
    return min(one, other, key=PRIORITIES.index)
