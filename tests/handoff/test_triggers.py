"""Rules that hand over by themselves: which one holds, and what a wrong file is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ConfigurationError, Invalid
from customers.accounts import Account
from handoff.handing_over import hand_over
from handoff.package import package_of
from handoff.records import Understanding
from handoff.triggers import Seen, candidates, choose, load_triggers, parse_triggers
from tests.handoff.conftest import Floor


async def key_account(floor: Floor, **details: Any) -> Account:
    return await floor.customer(plan="enterprise", mrr_minor=900_000, **details)


def chosen(account: Account | None, *, no_answer: bool = False, **understood: Any) -> tuple[str, str] | None:
    found = choose(candidates(load_triggers(), Seen(Understanding(**understood), no_answer)), account)
    return None if found is None else (found.reason, found.rule)


async def test_the_default_rules_bring_a_person_to_incidents_outages_and_important_accounts(floor: Floor) -> None:
    large = await key_account(floor)
    small = await floor.customer("small", plan="starter", mrr_minor=2_900)
    assert chosen(None, intent="security_incident", confidence=0.9) == ("security", "security incident")
    assert chosen(None, intent="security_incident", confidence=0.4) is None
    assert chosen(small, intent="outage", confidence=0.8) == ("outage", "outage at a paying account")
    assert chosen(None, intent="outage", confidence=0.8) is None
    assert chosen(large, intent="invoices", confidence=0.8, no_answer=True) == (
        "key_account",
        "key account without an answer",
    )
    assert chosen(small, intent="invoices", confidence=0.8, no_answer=True) is None
    assert chosen(large, intent="invoices", confidence=0.8) is None
    signal = {"name": "frustration", "score": 0.7, "evidence": []}
    assert chosen(large, intent="technical_problem", confidence=0.8, signals=[signal]) == (
        "key_account",
        "key account in trouble and frustrated",
    )
    assert chosen(large, intent="technical_problem", confidence=0.8, signals=[{**signal, "score": 0.2}]) is None


async def test_the_rule_that_handed_over_is_kept_with_its_reason(floor: Floor) -> None:
    conversation = await floor.visit()
    async with floor.database.write() as tx:
        waiting = await hand_over(
            tx, conversation, "key_account", at=floor.clock.now(), rule="key account without an answer"
        )
        package = await package_of(tx.connection, str(waiting.ticket_id))
    assert package is not None
    assert package["reason"] == {
        "code": "key_account",
        "words": "An important account needs a person.",
        "rule": "key account without an answer",
    }


def rule(**changes: Any) -> dict[str, Any]:
    return {"rules": [{"rule": "r", "reason": "outage", "when": {"intents": ["outage"]}, **changes}]}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "list called rules"),
        ({"rules": [], "more": 1}, "nothing else"),
        ({"rules": [{}]}, "Rule 1 needs a name"),
        (rule(reason="mood"), "needs a reason, one of action_failed"),
        (rule(whn={}), "not whn"),
        (rule(when={}), "would hand every conversation over"),
        (rule(when={"plans": ["free"]}), "every message of these accounts"),
        (rule(when={"mood": 1, "intents": ["a"]}), "when has no mood"),
        (rule(when={"intents": "outage"}), "intents is a list of names"),
        (rule(when={"intents": ["outage"], "confidence": 70}), "confidence is a number from 0 to 1"),
        (rule(when={"no_answer": True, "mrr_from": -1}), "mrr_from is an amount"),
        (rule(when={"no_answer": False}), "no_answer is true or left out"),
        ({"rules": rule()["rules"] * 2}, "Two rules are called 'r'"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_place_and_the_reason(data: Any, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        parse_triggers(data)


def test_an_empty_list_turns_the_rules_off_and_a_file_that_will_not_do_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "triggers.yml"
    file.write_text("rules: []", encoding="utf-8")
    assert load_triggers(file) == ()
    file.write_text(yaml.safe_dump(rule(reason="x")), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="Rule 'r' needs a reason"):
        load_triggers(file)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_triggers(tmp_path / "missing.yml")


async def test_a_rule_holds_for_the_second_matter_of_a_message_too(floor: Floor) -> None:
    broken_in = {"name": "security_incident", "confidence": 0.8, "text": "somebody got into my account"}
    asked = {"name": "invoices", "confidence": 0.9, "text": "where are my invoices"}
    assert chosen(None, intent="invoices", confidence=0.9, intents=[asked, broken_in]) == (
        "security",
        "security incident",
    )
    assert chosen(None, intent="invoices", confidence=0.9, intents=[asked, {**broken_in, "confidence": 0.2}]) is None
