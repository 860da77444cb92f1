"""What the routes of staff and teams take and give: bodies and views, from which the OpenAPI document is made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from typing_extensions import TypedDict

from handoff.records import Role, Staff
from handoff.sla.calendar_data import calendar_data
from handoff.teams import Assignment, Team

Words = list[str]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RoutedBody(_Body):
    """What routing goes by. What is left out stays as it is."""

    teams: Words | None = Field(None, max_length=50)
    skills: Words | None = Field(None, max_length=50)
    languages: Words | None = Field(None, max_length=50)
    capacity: int | None = Field(None, strict=True)
    hours: dict[str, Any] | None = None

    def given(self) -> dict[str, Any]:
        """Return what was said; an empty `hours` means always, null elsewhere says nothing."""
        said = self.model_dump(exclude_unset=True)
        return {name: value for name, value in said.items() if value is not None or name == "hours"}


class HireBody(RoutedBody):
    """A new account; without a password one for once is made up and answered."""

    email: str = Field(max_length=254)
    name: str = Field(max_length=200)
    role: Role = "agent"
    password: SecretStr | None = Field(None, max_length=500)


class MemberBody(RoutedBody):
    """Changes of an account."""

    name: str | None = Field(None, max_length=200)
    role: Role | None = None
    active: bool | None = None


class PasswordBody(_Body):
    """One's own password, the present one and the next."""

    current: SecretStr = Field(max_length=500)
    new: SecretStr = Field(max_length=500)


class CapacityBody(_Body):
    """How many conversations one takes at once."""

    capacity: int = Field(strict=True)


class TeamBody(_Body):
    """Changes of a team. What is left out stays as it is."""

    title: str | None = Field(None, max_length=80)
    assignment: Assignment | None = None
    hours: dict[str, Any] | None = None

    def given(self) -> dict[str, Any]:
        """Return what was said; null means the settings' way of assigning, and the policy's hours."""
        said = self.model_dump(exclude_unset=True)
        return {name: value for name, value in said.items() if value is not None or name != "title"}


class MemberView(TypedDict):
    """A member of staff as leads and admins see them."""

    id: str
    name: str
    email: str
    role: str
    active: bool
    teams: list[str]
    skills: list[str]
    languages: list[str]
    capacity: int
    hours: dict[str, Any] | None
    password_once: bool


class MembersView(TypedDict):
    """Every account."""

    staff: list[MemberView]


class HiredView(TypedDict):
    """An account, and the password that was made up for it, which is told only here."""

    member: MemberView
    password: str | None


class OnDutyView(TypedDict):
    """A colleague as everybody at the desk sees them."""

    id: str
    name: str
    role: str
    state: Literal["online", "away", "offline"]
    on_shift: bool
    load: int
    capacity: int
    teams: list[str]


class TeamView(TypedDict):
    """A team, how it gets its conversations, how many wait for it, and how many serve it."""

    name: str
    title: str
    assignment: str | None
    hours: dict[str, Any] | None
    waiting: int
    members: int
    online: int


class FloorView(TypedDict):
    """Teams and people as they are now. `assignment` is the way of teams that do not say."""

    assignment: str
    teams: list[TeamView]
    people: list[OnDutyView]


def member_view(member: Staff) -> MemberView:
    """Write an account, without anything that signs in."""
    return MemberView(
        id=member.id,
        name=member.name,
        email=member.email,
        role=member.role,
        active=member.active,
        teams=list(member.teams),
        skills=list(member.skills),
        languages=list(member.languages),
        capacity=member.capacity,
        hours=member.hours,
        password_once=member.password_once,
    )


def team_view(team: Team, *, waiting: int, members: int, online: int) -> TeamView:
    """Write a team."""
    return TeamView(
        name=team.name,
        title=team.title,
        assignment=team.assignment,
        hours=None if team.hours is None else calendar_data(team.hours),
        waiting=waiting,
        members=members,
        online=online,
    )
