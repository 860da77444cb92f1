"""What the desk's routes take and give: bodies, queries and views, from which the OpenAPI document is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from typing_extensions import TypedDict

from handoff.desk_views import AgentView, CountsView, RowView
from handoff.records import Staff
from handoff.views import MessageView
from handoff.wording import LONGEST_MESSAGE
from knowledge.articles import Audience
from server.api import LARGEST_INTEGER

if TYPE_CHECKING:
    from knowledge.results import Result


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignIn(_Body):
    """An e-mail address and a password."""

    email: str = Field(max_length=254)
    password: SecretStr = Field(max_length=500)


class AtEpoch(_Body):
    """The epoch that the agent saw."""

    epoch: int = Field(ge=1, le=LARGEST_INTEGER)


class ReplyBody(AtEpoch):
    """A public reply. Repeating a client id gives the same message. With `wait` the ticket waits for the customer from then on."""

    client_id: str
    text: str
    wait: bool = False


class WaitBody(AtEpoch):
    """Whether the ticket waits for the customer."""

    on: bool


class NoteBody(_Body):
    """An internal note."""

    client_id: str
    text: str


class ResolveBody(AtEpoch):
    """What was done, for colleagues; may be empty."""

    note: str = ""


class TransferBody(AtEpoch):
    """Whom to pass the conversation to, one of the two, and why."""

    team: str | None = Field(None, max_length=40)
    agent: str | None = Field(None, max_length=40)
    note: str = ""


class OverrideBody(_Body):
    """What triage got wrong."""

    priority: str | None = None
    category: str | None = None


class PresenceBody(_Body):
    """On duty or not."""

    state: Literal["online", "away"]


class ListQuery(BaseModel):
    """Which list."""

    view: Literal["queue", "mine", "colleagues", "bot", "resolved"] = "queue"
    team: str | None = Field(None, max_length=40)


class SearchQuery(BaseModel):
    """What to search for."""

    q: str = Field(max_length=LONGEST_MESSAGE)
    limit: int = Field(6, ge=1, le=50)
    category: str | None = Field(None, max_length=200)
    audience: Audience | None = None


class StaffView(TypedDict):
    """A signed-in member of staff."""

    id: str
    name: str
    email: str
    role: str
    capacity: int
    password_once: bool


class StaffSessionView(TypedDict):
    """Who is signed in."""

    staff: StaffView


class ListView(TypedDict):
    """A list and how many each has."""

    conversations: list[RowView]
    counts: CountsView


class ReadersView(TypedDict):
    """The colleagues who may read a conversation."""

    people: list[AgentView]


class ReplyView(TypedDict):
    """The message that was stored."""

    message: MessageView


class FoundArticleView(TypedDict):
    """An article with the passage that matched."""

    article_id: str
    slug: str
    title: str
    heading: str
    url: str
    html: str
    score: float
    visibility: str


class FoundView(TypedDict):
    """What a search found, best first, and the id under which its clicks are noted."""

    search_id: str | None
    results: list[FoundArticleView]


def found_view(result: Result) -> FoundArticleView:
    """Write one result of a search."""
    return FoundArticleView(
        article_id=result.article_id,
        slug=result.slug,
        title=result.title,
        heading=result.heading,
        url=result.url,
        html=result.html,
        score=round(result.score, 4),
        visibility=result.visibility,
    )


def staff_view(member: Staff) -> StaffSessionView:
    """Write who is signed in."""
    return StaffSessionView(
        staff=StaffView(
            id=member.id,
            name=member.name,
            email=member.email,
            role=member.role,
            capacity=member.capacity,
            password_once=member.password_once,
        )
    )
