"""What the desk is shown, as the protocol writes it (docs/protocol.md): rows of the lists, and one conversation in detail.

The OpenAPI document is made from these types.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from customers.health import HealthView
from handoff.package_views import EarlierTicketView, PackageView
from handoff.sla.clock_states import ClockView
from handoff.views import MessageView
from tickets.ticketing import TicketView


class PersonView(TypedDict):
    """A customer in a list."""

    name: str | None
    plan: str | None


class AgentView(TypedDict):
    """A member of staff."""

    id: str
    name: str


class LastMessageView(TypedDict):
    """What was said last."""

    text: str
    author_kind: str
    at: str


class RowView(TypedDict):
    """A conversation in a list.

    `subject` is null where the customer has said nothing of their matter; `visitor` tells those without a name apart, the same in all
    conversations of one; `page` is what they look at, by its title, else its address.
    """

    id: str
    number: str | None
    subject: str | None
    customer: PersonView
    visitor: str | None
    page: str | None
    owner: str
    epoch: int
    agent: AgentView | None
    priority: str | None
    category: str | None
    team: str | None
    tags: list[str]
    reason: str | None
    last_message: LastMessageView | None
    unanswered: bool
    clock: ClockView | None
    updated_at: str


class PageView(TypedDict):
    """The page that the customer is on."""

    url: str | None
    title: str | None


class CustomerView(TypedDict):
    """Who the customer is, as far as anybody knows."""

    id: str | None
    name: str | None
    email: str | None
    known: bool
    plan: str | None
    mrr: float | None
    currency: str | None
    since: str | None
    company: str | None
    seats: int | None
    health: HealthView | None
    tickets: list[EarlierTicketView]
    page: PageView


class DetailView(TypedDict):
    """One conversation with all that is known beside it."""

    row: RowView
    messages: list[MessageView]
    ticket: TicketView | None
    package: PackageView | None
    clocks: list[ClockView]
    customer: CustomerView
    rating: dict[str, Any] | None


class CountsView(TypedDict):
    """How many conversations each list has."""

    queue: int
    mine: int
    bot: int


def veiled(row: RowView) -> RowView:
    """Return a row for whoever may not read the conversation: where it is, and nothing of what was said."""
    unseen = PersonView(name=None, plan=None)
    return {
        **row, "subject": None, "customer": unseen, "visitor": None, "page": None, "last_message": None, "category": None, "tags": [],
        "reason": None, "clock": None,
    }  # fmt: skip
