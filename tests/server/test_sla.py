"""SLA over HTTP and at the command line: a ticket's history, the rules, reports, notifications."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from handoff.sla.sla_rules import SlaRules, parse_rules
from server.command import main
from server.sla_worker import escalate, fire_clocks, seconds_until
from tests.server.conftest import NOW, Running

RULES = """
policies:
  - name: Quick
    targets:
      urgent: {first_response: 1, resolution: 10}
      high: {first_response: 2, resolution: 20}
      normal: {first_response: 5, resolution: 40}
      low: {first_response: 8, resolution: 80}
escalations:
  - {name: Tell, starts: breach, do: {notify: leads}}
"""
LEAD = "amara@fernhill.example"


async def test_a_lead_changes_the_rules_and_reads_every_version(running: Running) -> None:
    lead, agent = await running.staff(LEAD), await running.staff()
    assert (await agent.get("/api/sla/policies")).status == 403
    shown = await (await lead.get("/api/sla/policies")).json()
    assert (shown["version"], shown["newest"], shown["versions"][0]["author"]) == (0, 0, "Baton")
    wrong = RULES.replace("resolution: 40", "resolution: 0")
    checked = await (await lead.post("/api/sla/policies/check", json={"text": wrong})).json()
    assert (checked["problem"]["line"], checked["problem"]["place"]) == (7, "Quick.targets.normal.resolution")
    refused = await lead.put("/api/sla/policies", json={"base": 0, "text": wrong})
    assert (refused.status, (await refused.json())["error"]["message"][:7]) == (400, "Line 7:")
    body = {"base": 0, "text": RULES, "note": "faster", "for_open_tickets": True}
    saved = await (await lead.put("/api/sla/policies", json=body)).json()
    assert (saved["newest"], saved["text"], saved["versions"][0]["note"]) == (1, RULES, "faster")
    assert (await lead.put("/api/sla/policies", json={**body, "text": RULES + "#"})).status == 409
    assert (await (await lead.get("/api/sla/policies?version=0")).json())["text"] == shown["text"]
    assert (await lead.get("/api/sla/policies?version=7")).status == 404
    assert (await lead.get(f"/api/sla/policies?version={2**63}")).status == 400


async def test_long_rules_are_read_beside_the_event_loop(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = await running.staff(LEAD)
    read_by: set[int] = set()

    def read(text: str, version: int = 0) -> SlaRules:
        read_by.add(threading.get_ident())
        return parse_rules(text, version)

    monkeypatch.setattr("server.routes.sla.parse_rules", read)
    checked = await (await lead.post("/api/sla/policies/check", json={"text": RULES})).json()
    assert checked == {"problem": None, "warnings": []}
    assert read_by
    assert threading.get_ident() not in read_by


async def test_a_breach_is_told_to_the_leads_and_its_history_adds_up(running: Running) -> None:
    lead = await running.staff(LEAD)
    await lead.put("/api/sla/policies", json={"base": 0, "text": RULES, "note": ""})
    chat = await running.visit()
    await chat.send("person")
    running.clock.set(NOW + timedelta(minutes=6))
    while await fire_clocks(running.service) or await escalate(running.service):
        pass
    told = await (await lead.get("/api/desk/notifications")).json()
    assert told["unread"] == 1
    assert "First response is overdue (Tell)" in told["notifications"][0]["words"]
    read = await lead.post("/api/desk/notifications/read", json={"until": told["notifications"][0]["at"]})
    assert (await read.json())["unread"] == 0
    number = told["notifications"][0]["words"].partition(":")[0]
    history = await (await lead.get(f"/api/sla/tickets/{number}")).json()
    first = next(one for one in history["clocks"] if one["clock"]["metric"] == "first_response")
    assert (first["measure"]["policy"], first["measure"]["version"]) == ("Quick", 1)
    assert [(part["kind"], part["minutes"], part["total_minutes"], part["mark"]) for part in first["segments"]] == [
        ("counted", 4, 4, "warning"), ("counted", 1, 5, "deadline"), ("counted", 1, 6, "now"),
    ]  # fmt: skip
    assert [line["what"] for line in first["audit"]] == ["started", "warning", "breach", "escalated"]
    assert (await lead.get("/api/sla/tickets/FH-9999")).status == 404
    report = await (await lead.get("/api/reports/sla?days=7")).json()
    assert report["overall"]["first_response"] == {"decided": 1, "late": 1, "attainment": 0.0}


def test_the_worker_sleeps_until_something_is_due_and_never_past_a_poll() -> None:
    assert seconds_until(None, NOW) == 0.5
    assert seconds_until(NOW + timedelta(hours=1), NOW) == 0.5
    assert seconds_until(NOW + timedelta(milliseconds=30), NOW) == 0.03
    assert seconds_until(NOW - timedelta(hours=1), NOW) == 0


def test_the_command_names_a_ticket_that_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/baton.db")
    assert main(["sla", "FH-9999"]) == 2
    assert "There is no such ticket." in capsys.readouterr().err
    assert main(["report", "sla", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["systematic"] == []
