"""The rules of SLA as data: what is refused and where, versions, the seed, and the tickets that a version is applied to."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import ConfigurationError, Conflict, Invalid, TooLarge
from handoff.records import Staff
from handoff.sla.measuring import AT_ONCE, apply_to_open_tickets
from handoff.sla.sla_rules import (
    current_rules,
    parse_rules,
    rule_versions,
    rules_of,
    save_rules,
    seed_rules,
    shipped_rules,
    versions,
)
from handoff.taking_over import override_ticket, resolve
from tests.handoff.conftest import Floor

HEAD = """
policies:
  - name: Everyone
    targets:
      urgent: {first_response: 10, resolution: 60}
      high: {first_response: 20, resolution: 120}
      normal: {first_response: 40, resolution: 240}
      low: {first_response: 80, resolution: 480}
escalations:
"""
RULES = HEAD + "  - {name: Tell, starts: breach, do: {notify: [assignee, leads]}}\n"

UNSAID = "calendars:\n  Office:\n    zone: UTC\n    windows: {mon: ['09:00-17:00']}\n    holidays:\n"
"""Somebody began a list of holidays and did not go on."""

ALIASES = "a: &a [x]\n" + "".join(f"{two}: &{two} [{f'*{one},' * 10}]\n" for one, two in pairwise("abcdefghij"))
"""Nine lines that say a thousand million things."""


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("[", "Line 1: this is not valid YAML"),
        ("policies: []\npolicies: []", "Line 2: this is not valid YAML: 'policies' is there twice"),
        ("policies: []\nteams: 7", "Line 2: The rules have calendars, policies and escalations, not teams."),
        (RULES.replace("first_response: 20", "first_response: 0"), "Line 6: Policy Everyone: first_response of high is 0"),
        (RULES.replace("120}", "1000000}"), "Line 6: Policy Everyone: resolution of high is 1000000"),
        (UNSAID + RULES, "Line 5: Calendar Office: holidays must be a list of dates"),
        ("[" * 2000, "This is not valid YAML"),
        ("a: &a [x]\n" + "b: " + "[" * 30 + "*a" + "]" * 30, "nested too deeply"),
        (ALIASES, "its aliases do"),
        (HEAD + "  - {name: A, starts: breach}", "Line 10: Escalation A does something"),
        (HEAD + "  - {name: A, do: {notify: leads}}", "Line 10: Escalation A either starts with a warning or breach"),
        (HEAD + "  - {name: A, starts: breach, do: {notify: everybody}}", "notify is assignee or leads, not 'everybody'"),
        (HEAD + "  - {name: A, starts: breach, after: -1, do: {notify: leads}}", "after is -1; it must be 0 to 525,600"),
        (HEAD + "  - {name: A, follows: B, do: {notify: leads}}", "Line 10: Escalation A follows 'B', which is not there"),
        (HEAD + "  - {name: A, starts: breach, when: {policy: VIP}, do: {notify: leads}}", "there is no policy 'vip'"),
        (HEAD + "  - {name: A, starts: breach, when: {priority: huge}, do: {notify: leads}}", "not huge"),
        (HEAD + "  - {name: A, starts: breach, do: {raise_priority: more}}", "raise_priority is true for one step"),
    ],
)  # fmt: skip
def test_rules_that_are_not_right_are_refused_with_the_line_and_the_reason(rules: str, told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_rules(rules)
    assert told in refusal.value.message


def test_rules_that_nobody_can_have_written_are_refused_by_their_length() -> None:
    with pytest.raises(TooLarge, match="200,000 is the most"):
        parse_rules("#" * 200_001)


@pytest.mark.parametrize(
    ("escalations", "circle"),
    [
        (["name: A, follows: A"], "A → A"),
        (["name: S, starts: breach", "name: A, follows: C", "name: B, follows: A", "name: C, follows: B"], "A → B → C → A"),
        (
            [
                "name: To billing, starts: breach, when: {team: technical}, move: billing",
                "name: Back, starts: breach, when: {team: [Billing]}, move: technical",
            ],
            "To billing → Back → To billing",
        ),
    ],
)  # fmt: skip
def test_rules_that_lead_back_to_themselves_are_refused_with_the_circle(escalations: list[str], circle: str) -> None:
    lines = [
        f"  - {{{line.replace(', move: ', ', do: {move_to: ')}}}}}"
        if "move" in line
        else f"  - {{{line}, do: {{notify: leads}}}}"
        for line in escalations
    ]
    with pytest.raises(Invalid) as refusal:
        parse_rules(HEAD + "\n".join(lines))
    assert circle in refusal.value.message


async def test_what_baton_comes_with_stands_until_a_version_is_saved_and_every_version_can_be_read(
    floor: Floor, amara: Staff
) -> None:
    async with floor.database.read() as reader:
        assert await current_rules(reader) == shipped_rules()
    kept = {"note": "Faster", "for_open_tickets": False, "at": floor.clock.now()}
    saved = await save_rules(floor.database, RULES, amara, base=0, **kept)
    assert await save_rules(floor.database, RULES, amara, base=0, **kept) == saved  # the same request once more
    with pytest.raises(Conflict, match="Version 1 has been saved meanwhile"):
        await save_rules(floor.database, RULES + "#", amara, base=0, **kept)
    async with floor.database.read() as reader:
        assert (await current_rules(reader)).version == 1
        assert await rules_of(reader, 1) == saved
        assert [(one.version, one.author, one.note) for one in await versions(reader)] == [
            (1, "Amara", "Faster"), (0, "Baton", "What Baton comes with."),
        ]  # fmt: skip


async def test_a_file_seeds_the_rules_until_a_lead_has_changed_them(floor: Floor, amara: Staff, tmp_path: Path) -> None:
    file, at = tmp_path / "policies.yml", floor.clock.now()
    file.write_text(RULES)
    assert (await seed_rules(floor.database, file, at=at)).version == 1
    assert (await seed_rules(floor.database, file, at=at)).version == 1
    file.write_text(RULES + "# changed")
    assert (await seed_rules(floor.database, file, at=at)).version == 2
    await save_rules(floor.database, RULES, amara, base=2, note="", for_open_tickets=False, at=at)
    file.write_text(RULES + "# changed again")
    assert (await seed_rules(floor.database, file, at=at)).version == 3


async def test_a_version_that_was_right_when_it_was_kept_goes_on_counting_though_nobody_may_write_it_so_now(
    floor: Floor, amara: Staff, tmp_path: Path
) -> None:
    file, at, old = tmp_path / "policies.yml", floor.clock.now(), UNSAID + RULES
    async with floor.database.write() as tx:
        row = {"version": 1, "text": old, "author": file.name, "note": "", "at": at, "for_open_tickets": False}
        await tx.execute(sa.insert(rule_versions).values(row))
    file.write_text(old)
    assert (await seed_rules(floor.database, file, at=at)).version == 1  # the service starts
    handed_over = await floor.waiting("where are my invoices please")
    (clock, _) = (await floor.clocks(handed_over.ticket_id)).values()
    assert (clock.policy.version, clock.target_minutes) == (1, 40)
    async with floor.database.read() as reader:
        assert (await rules_of(reader, 1)).text == old
    kept = {"note": "", "for_open_tickets": False, "at": at}
    with pytest.raises(Invalid, match=r"Line 5: .*write \[\] for none"):
        await save_rules(floor.database, old + "# changed", amara, base=1, **kept)
    file.write_text(old + "# changed")
    with pytest.raises(ConfigurationError, match=r"Line 5: .*write \[\] for none"):
        await seed_rules(floor.database, file, at=at)
    mended = old.replace("holidays:", "holidays: []")
    assert (await save_rules(floor.database, mended, amara, base=1, **kept)).version == 2


async def test_a_ticket_keeps_the_version_it_was_measured_by_also_when_its_priority_changes(
    floor: Floor, amara: Staff
) -> None:
    before = await floor.waiting("where are my invoices please")
    at = floor.clock.now()
    await save_rules(floor.database, RULES, amara, base=0, note="", for_open_tickets=False, at=at)
    after = await floor.waiting("where are my invoices please")
    old, new = await floor.clocks(before.ticket_id), await floor.clocks(after.ticket_id)
    assert [clocks["first_response.0"].due_at for clocks in (old, new)] == [
        at + timedelta(minutes=480),
        at + timedelta(minutes=40),
    ]
    await override_ticket(floor.database, str(before.ticket_id), amara, {"priority": "urgent"}, at=at)
    (clock, _) = (await floor.clocks(before.ticket_id)).values()
    assert (clock.policy.version, clock.target_minutes) == (0, 30)


async def test_a_version_for_open_tickets_measures_them_from_their_start_in_batches_and_leaves_what_is_done(
    floor: Floor, amara: Staff
) -> None:
    began = floor.clock.now()
    waiting = [await floor.waiting("where are my invoices please") for _ in range(3)]
    claimed = await floor.claimed(amara)
    await resolve(floor.database, claimed.id, amara, epoch=claimed.epoch, at=floor.later(timedelta(minutes=1)))
    at = floor.later(timedelta(minutes=50))
    await save_rules(floor.database, RULES, amara, base=0, note="", for_open_tickets=True, at=at)
    rounds = 1
    while await apply_to_open_tickets(floor.database, at):
        rounds += 1
    assert rounds <= 1 + 4 // AT_ONCE + 1
    for conversation in waiting:
        first = (await floor.clocks(conversation.ticket_id))["first_response.0"]
        assert (first.policy.version, first.state, first.breached_at) == (1, "breached", began + timedelta(minutes=40))
    done = await floor.clocks(claimed.ticket_id)
    assert {clock.policy.version for clock in done.values()} == {0}
    async with floor.database.read() as reader:
        assert (await versions(reader))[0].applied_at == at
    assert not await apply_to_open_tickets(floor.database, at)


async def test_a_breach_that_a_resolved_ticket_was_left_with_stays_when_its_priority_is_corrected(
    floor: Floor, amara: Staff
) -> None:
    claimed = await floor.claimed(amara, "where are my invoices please")
    at = floor.later(timedelta(minutes=500))
    await resolve(floor.database, claimed.id, amara, epoch=claimed.epoch, at=at)
    before = await floor.clocks(claimed.ticket_id)
    assert (before["first_response.0"].state, before["first_response.0"].met_at) == ("breached", None)
    await override_ticket(floor.database, str(claimed.ticket_id), amara, {"priority": "low"}, at=at)
    assert await floor.clocks(claimed.ticket_id) == before
