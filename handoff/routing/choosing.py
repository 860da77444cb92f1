"""Who gets a conversation that is assigned: a decision, with no effect and no look at the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

_NEVER_BUSY = datetime.min.replace(tzinfo=UTC)


class Abilities:
    """What somebody, or a group of people, may be asked for."""

    teams: frozenset[str]
    skills: frozenset[str]
    languages: frozenset[str]

    def serves(self, team: str | None) -> bool:
        """Tell whether a team's conversations are theirs to answer."""
        return not self.teams or team is None or team in self.teams

    def writes(self, language: str | None) -> bool:
        """Tell whether they write this language, whatever its region: who writes `pt` answers `pt-BR`."""
        return not self.languages or language is None or primary(language) in {primary(one) for one in self.languages}


Asked = TypeVar("Asked", bound=Abilities)


@dataclass(frozen=True)
class Candidate(Abilities):
    """Somebody on duty.

    Attributes:
        id: the member of staff.
        teams: teams that they serve; none named means every one.
        skills: categories and tags that they know more of than others.
        languages: what they write; none named means any.
        capacity: conversations that may be assigned to them at once.
        load: conversations that they have.
        idle_since: when they last got or ended one; None for never.
    """

    id: str
    teams: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    capacity: int = 1
    load: int = 0
    idle_since: datetime | None = None

    @property
    def has_room(self) -> bool:
        """Tell whether one more may be assigned to them."""
        return self.load < self.capacity


@dataclass(frozen=True)
class Need:
    """What a conversation asks for.

    Attributes:
        team: whose it is.
        skills: what of the skills that the staff has it calls for.
        language: what the customer's browser speaks.
        before: who helped with it before, and is asked first.
        not_by: who gave it back or passed it on, and does not get it again.
    """

    team: str | None = None
    skills: frozenset[str] = frozenset()
    language: str | None = None
    before: str | None = None
    not_by: frozenset[str] = frozenset()


def choose_agent(candidates: Iterable[Candidate], need: Need) -> Candidate | None:
    """Return who gets the conversation, or None while nobody may.

    Team and capacity hold always, skills and language as `able` says. Of those who are left, who helped before comes first, then the least
    load, then who has been idle longest, then the id, so that the same question has the same answer everywhere.
    """
    free = [one for one in able((one for one in candidates if one.id not in need.not_by), need) if one.has_room]
    return min(
        free,
        key=lambda one: (one.id != need.before, one.load, one.idle_since or _NEVER_BUSY, one.id),
        default=None,
    )


def able(those: Iterable[Asked], need: Need) -> list[Asked]:
    """Return those of the team whom the conversation waits for, with room or not.

    Skills and language hold as long as anybody of the team on duty has them: the conversation waits for the right person rather than
    going to the wrong one. Where nobody has, somebody is better than nobody.
    """
    found = [one for one in those if one.serves(need.team)]
    found = [one for one in found if one.skills >= need.skills] or found
    return [one for one in found if one.writes(need.language)] or found


def needed_skills(category: str | None, tags: Sequence[str], known: Iterable[str]) -> frozenset[str]:
    """Return what a ticket calls for: of its category and tags those that are somebody's skill."""
    return frozenset(word for word in (category, *tags) if word is not None and word in set(known))


def primary(language: str) -> str:
    """Return a language without its region: `pt` of `pt-BR`."""
    return language.replace("_", "-").partition("-")[0].casefold()
