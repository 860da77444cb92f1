"""The rules of SLA as one text with versions: calendars, policies, escalations. A lead's change is a new version, never an edit.

Version 0 is what Baton comes with (`policies.yml`) and stands until another is kept. A clock keeps a copy of its policy with
the number of its version, so what is promised to a ticket changes only when somebody says so.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
import structlog

from core.database import Database, Moment, Reader, Transaction, metadata
from core.errors import BatonError, ConfigurationError, Conflict, Invalid, NotFound
from handoff.records import Staff
from handoff.sla.calendar_data import calendar_warnings
from handoff.sla.escalation_rules import EscalationRule, parse_escalations
from handoff.sla.policies import Policy, parse_policies
from handoff.yaml_text import read_yaml, with_line

log = structlog.get_logger()
SHIPPED = Path(__file__).with_name("policies.yml")
LONGEST_NOTE = 500

rule_versions = sa.Table(
    "sla_rule_versions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("author_id", sa.String(40)),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("note", sa.String(LONGEST_NOTE), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("for_open_tickets", sa.Boolean, nullable=False),
    sa.Column("applied_through", sa.String(40)),
    sa.Column("applied_at", Moment),
)
"""`author_id` is null for what came from a file. With `for_open_tickets` a worker measures the open tickets again, in the order
of their ids: `applied_through` is the last one done, `applied_at` when there were no more."""

_BY_FILE = rule_versions.c.author_id.is_(None)


@dataclass(frozen=True)
class SlaRules:
    """One version, read: what is promised to whom, and what follows when it is not kept."""

    version: int
    text: str
    policies: tuple[Policy, ...]
    escalations: tuple[EscalationRule, ...]

    def warnings(self, at: datetime) -> list[str]:
        """Say what is allowed and yet looks forgotten."""
        calendars = {policy.calendar.name: policy.calendar for policy in self.policies}
        return [words for calendar in calendars.values() for words in calendar_warnings(calendar, at)]


@dataclass(frozen=True)
class RuleVersion:
    """Who made a version, when and why, and whether open tickets are measured by it.

    Attributes:
        version: its number.
        author: who, or the file that it came from.
        note: why, in the author's words.
        at: when; None for version 0.
        for_open_tickets: whether it was to count for tickets that were open then.
        applied_at: when all of those were measured again; None while that goes on, or if they were not to be.
    """

    version: int
    author: str
    note: str
    at: datetime | None
    for_open_tickets: bool = False
    applied_at: datetime | None = None


@lru_cache(maxsize=64)
def parse_rules(text: str, version: int = 0, *, kept: bool = False) -> SlaRules:
    """Read rules from YAML.

    Args:
        text: calendars, policies and escalations.
        version: the number that they have.
        kept: whether they are a version that counts already. What was right when it was saved stays right: a list of holidays without
            an entry, which is refused of who writes one now, is none.

    Raises:
        Invalid: with the line, the reason and, as its field, the place.
    """
    data = read_yaml(text)
    if kept:
        _drop_unsaid_holidays(data)
    try:
        if not isinstance(data, dict):
            raise Invalid("The rules have calendars, policies and escalations.", field="policies")
        if unknown := sorted(str(key) for key in set(data) - {"calendars", "policies", "escalations"}):
            reason = f"The rules have calendars, policies and escalations, not {', '.join(unknown)}."
            raise Invalid(reason, field=unknown[0])
        policies = parse_policies(data, version)
        escalations = parse_escalations(data.get("escalations"), [policy.name for policy in policies])
    except Invalid as error:
        raise with_line(error, text) from error
    return SlaRules(version, text, policies, escalations)


def _drop_unsaid_holidays(data: object) -> None:
    calendars = data.get("calendars") if isinstance(data, dict) else None
    for calendar in calendars.values() if isinstance(calendars, dict) else ():
        if isinstance(calendar, dict) and not calendar.get("holidays"):
            calendar.pop("holidays", None)


def read_rules_file(path: Path, *, kept: str | None = None) -> str:
    """Return the text of a file of rules that are right.

    Args:
        path: the file.
        kept: the text of the version that counts already; the same one again is right.

    Raises:
        ConfigurationError: it cannot be read, or the rules are not right; the sentence names the place.
    """
    try:
        text = path.read_text(encoding="utf-8")
        parse_rules(text, kept=text == kept)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The SLA policies in {path} cannot be read: {error}") from error
    except BatonError as error:
        raise ConfigurationError(f"The SLA policies in {path} are not right. {error.message}") from error
    return text


@lru_cache(maxsize=1)
def shipped_rules() -> SlaRules:
    """Return version 0: what Baton comes with."""
    return parse_rules(read_rules_file(SHIPPED))


async def current_rules(reader: Reader) -> SlaRules:
    """Return the newest version: what new tickets are measured by."""
    found = await reader.execute(
        sa.select(rule_versions.c.version, rule_versions.c.text).order_by(rule_versions.c.version.desc()).limit(1)
    )
    row = found.one_or_none()
    return shipped_rules() if row is None else parse_rules(row.text, row.version, kept=True)


async def rules_of(reader: Reader, version: int) -> SlaRules:
    """Return one version.

    Raises:
        NotFound: there is none with this number.
    """
    if version == 0:
        return shipped_rules()
    found = await reader.execute(sa.select(rule_versions.c.text).where(rule_versions.c.version == version))
    text = found.scalar_one_or_none()
    if text is None:
        raise NotFound(f"There is no version {version} of the SLA rules.", field="version")
    return parse_rules(text, version, kept=True)


async def versions(reader: Reader, *, limit: int = 50) -> list[RuleVersion]:
    """Return who changed the rules when, the newest first; version 0 is the last."""
    table = rule_versions.c
    found = await reader.execute(
        sa.select(table.version, table.author, table.note, table.at, table.for_open_tickets, table.applied_at)
        .order_by(table.version.desc())
        .limit(limit)
    )
    return [*(RuleVersion(*row) for row in found), RuleVersion(0, "Baton", "What Baton comes with.", None)]


async def save_rules(
    database: Database, text: str, author: Staff, *, base: int, note: str, for_open_tickets: bool, at: datetime
) -> SlaRules:
    """Make `text` the newest version.

    Idempotent by (base, text): saving the same once more gives the version that it made.

    Args:
        database: where to.
        text: calendars, policies and escalations in YAML.
        author: who changes them.
        base: the version that the author started from.
        note: why; may be empty.
        for_open_tickets: whether open tickets are measured by it too, from their start; else only new ones are.
        at: now.

    Raises:
        Invalid: the rules are not right; the sentence names the line and the place.
        Conflict: somebody else has saved a version meanwhile.
    """
    cleaned = text.replace("\r\n", "\n").replace("\x00", "")
    rules = await asyncio.to_thread(parse_rules, cleaned, base + 1)
    if len(note) > LONGEST_NOTE:
        raise Invalid(f"The note has at most {LONGEST_NOTE} characters.", field="note")
    async with database.write() as tx:
        await _lock_versions(tx)
        present = await current_rules(tx.connection)
        if (present.version, present.text) == (base + 1, cleaned):
            return present
        if present.version != base:
            reason = f"Version {present.version} has been saved meanwhile. Look at it before you save yours."
            raise Conflict(reason, field="base")
        await _insert(tx, rules, author.name, author.id, note, for_open_tickets, at)
    return rules


async def seed_rules(database: Database, path: Path, *, at: datetime) -> SlaRules:
    """Take in a file's rules: as the first version, and again when the file has changed, until a lead has saved a version.

    Idempotent by the file's text.

    Raises:
        ConfigurationError: the file cannot be read, or its rules are not right.
    """
    async with database.write() as tx:
        await _lock_versions(tx)
        present = await current_rules(tx.connection)
        text = read_rules_file(path, kept=present.text)
        by_people = await tx.execute(sa.select(sa.func.count()).select_from(rule_versions).where(~_BY_FILE))
        if present.text == text:
            return present
        if by_people.scalar_one():
            log.warning(
                "the file of SLA policies is not what counts: a lead has changed them at the desk", file=str(path)
            )
            return present
        rules = parse_rules(text, present.version + 1)
        await _insert(tx, rules, path.name, None, "Read from the file.", for_open_tickets=False, at=at)
        return rules


async def _lock_versions(tx: Transaction) -> None:
    if tx.connection.dialect.name == "postgresql":
        await tx.execute(sa.text("LOCK TABLE sla_rule_versions IN SHARE ROW EXCLUSIVE MODE"))


async def _insert(
    tx: Transaction,
    rules: SlaRules,
    author: str,
    author_id: str | None,
    note: str,
    for_open_tickets: bool,
    at: datetime,
) -> None:
    await tx.execute(
        sa.insert(rule_versions).values(
            version=rules.version,
            text=rules.text,
            author_id=author_id,
            author=author,
            note=note.replace("\x00", "").strip(),
            at=at,
            for_open_tickets=for_open_tickets,
        )
    )
