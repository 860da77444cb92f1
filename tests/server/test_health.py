"""Health, figures, and the document of the interface: each says what is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from jsonschema import Draft202012Validator
from pydantic import SecretStr, TypeAdapter, create_model

from core.clock import FrozenClock
from server.api import Route, openapi
from server.app import ROUTES, build_app
from server.callers import is_local
from tests.server.conftest import Running, ScriptedRasa, make_settings

NOT_DESCRIBED = {"/api/openapi.json", "/api/chat/socket", "/api/desk/socket", "/internal/actions"}


async def test_the_process_says_that_it_runs_and_names_the_part_that_is_not_ready(running: Running) -> None:
    response = await running.client.get("/healthz")
    assert (response.status, await response.json()) == (200, {"ok": True})
    while running.service.parts.get("knowledge") != "failed":  # there is no encoder in this test
        await running.client.get("/readyz")
    response = await running.client.get("/readyz")
    parts = {"database": "ready", "redis": "ready", "knowledge": "failed", "bot": "ready"}
    assert (response.status, await response.json()) == (503, {"ready": False, "parts": parts})
    running.service.parts["knowledge"] = "ready"
    response = await running.client.get("/readyz")
    assert (response.status, (await response.json())["ready"]) == (200, True)
    running.service.bot.mark("down")
    response = await running.client.get("/readyz")
    assert (response.status, (await response.json())["parts"]["bot"]) == (503, "down")


async def test_metrics_count_what_happened(running: Running) -> None:
    async def figure(name: str) -> float:
        response = await running.client.get("/metrics")
        assert response.content_type == "text/plain"
        lines = (await response.text()).splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)

    names = [
        'baton_messages_total{author="customer"}',
        'baton_turns_total{outcome="answered"}',
        'baton_handoffs_total{reason="asked"}',
        "baton_turn_seconds_count",
        'baton_request_seconds_count{route="POST /api/chat/sessions",status="200"}',
    ]
    before = [await figure(name) for name in names]
    sockets = await figure('baton_sockets{audience="customer"}')
    chat = await running.visit()
    await chat.send("message", text="hello")
    await chat.message("bot")
    await chat.send("person")
    await chat.notice("queued")
    assert [await figure(name) for name in names] == [value + 1 for value in before]
    assert await figure('baton_sockets{audience="customer"}') == sockets + 1
    for path in ("/nowhere", "/nowhere-else"):
        await running.client.get(path)
    text = await (await running.client.get("/metrics")).text()
    assert "nowhere" not in text
    assert chat.conversation not in text


async def test_figures_are_for_this_machine_and_not_for_who_comes_through_a_proxy_on_it(running: Running) -> None:
    through = await running.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert (through.status, (await through.json())["error"]["code"]) == (403, "forbidden")
    for place, local in (("127.0.0.1", True), ("::1", True), ("203.0.113.9", False), ("10.0.0.7", False)):
        assert is_local(make_mocked_request("GET", "/metrics").clone(remote=place)) is local


async def test_with_a_token_figures_are_for_who_sends_it_wherever_they_are(
    rasa: tuple[ScriptedRasa, str], tmp_path: Path, clock: FrozenClock
) -> None:
    settings = make_settings(tmp_path, rasa[1], metrics_token=SecretStr("m" * 32))
    async with TestClient(TestServer(build_app(settings, clock))) as client:
        for sent in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "m" * 32}):
            assert (await client.get("/metrics", headers=sent)).status == 401
        right = {"Authorization": f"Bearer {'m' * 32}", "X-Forwarded-For": "203.0.113.9"}
        assert "baton_turns_total" in await (await client.get("/metrics", headers=right)).text()


async def test_a_sockets_life_is_not_timed_as_a_request(running: Running) -> None:
    async def timed() -> list[str]:
        text = await (await running.client.get("/metrics")).text()
        return [line for line in text.splitlines() if "seconds_count" in line and "/socket" in line]

    before = await timed()
    await (await running.visit()).socket.close()
    maya = await running.staff()
    origin = {"Origin": str(running.client.make_url("")).rstrip("/")}
    await (await maya.ws_connect("/api/desk/socket", headers=origin)).close()
    assert await timed() == before


async def document(running: Running) -> dict[str, Any]:
    response = await running.client.get("/api/openapi.json")
    assert response.status == 200
    return await response.json()


async def test_every_route_under_the_interface_is_documented_and_every_documented_one_is_there(
    running: Running,
) -> None:
    routed = {
        (route.method.lower(), route.resource.canonical)
        for route in running.client.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    described = {
        (method, path) for path, operations in (await document(running))["paths"].items() for method in operations
    }
    assert described <= routed
    expected = {
        (method, path)
        for method, path in routed
        if (path.startswith("/api/") or path in {"/healthz", "/readyz", "/metrics"}) and path not in NOT_DESCRIBED
    }
    assert described == expected
    assert {path for _, path in routed} >= NOT_DESCRIBED


async def test_the_document_is_whole_its_schemas_are_schemas_and_its_references_lead_somewhere(
    running: Running,
) -> None:
    found = await document(running)
    assert found["openapi"].startswith("3.1")
    assert found["info"]["title"] == "Baton"
    operations = [operation for path in found["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    for path, methods in found["paths"].items():
        for operation in methods.values():
            named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
            assert operation["summary"]
            for security in operation.get("security", []):
                assert set(security) <= set(found["components"]["securitySchemes"])
    for schema in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(found):
        place: Any = found
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert isinstance(place, dict)


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for item in value.values() for found in references(item)]
    return [found for item in value for found in references(item)] if isinstance(value, list) else []


async def test_every_answer_is_documented_by_its_own_type(running: Running) -> None:
    found = await document(running)
    for route in ROUTES:
        if not route.documented or route.returns is None:
            continue
        operation = found["paths"][route.path][route.method.lower()]
        reference = operation["responses"][str(route.status)]["content"]["application/json"]["schema"]["$ref"]
        schema = found["components"]["schemas"][reference.rpartition("/")[2]]
        own = TypeAdapter(route.returns).json_schema(ref_template="#/components/schemas/{model}")
        assert set(schema["properties"]) == set(own["properties"]), f"{route.method} {route.path}"


async def test_what_the_service_answers_fits_its_document(running: Running) -> None:
    found = await document(running)
    chat = await running.visit()
    await chat.send("message", text="where are my invoices")
    await chat.send("person")
    await chat.notice("queued")
    maya = await running.staff()
    bearer = {"Authorization": f"Bearer {chat.token}"}
    answers = {
        ("/api/chat/events", "get"): await running.client.get("/api/chat/events?after=0", headers=bearer),
        ("/api/chat/sessions", "post"): await running.client.post("/api/chat/sessions", json={"token": chat.token}),
        ("/api/staff/session", "get"): await maya.get("/api/staff/session"),
        ("/api/desk/conversations", "get"): await maya.get("/api/desk/conversations"),
        ("/api/desk/conversations/{id}", "get"): await maya.get(f"/api/desk/conversations/{chat.conversation}"),
        ("/readyz", "get"): await running.client.get("/readyz"),
    }
    for (path, method), response in answers.items():
        schema = found["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": found["components"]}
        Draft202012Validator(whole).validate(await response.json())
    error = await (await running.client.get("/api/desk/conversations")).json()
    Draft202012Validator(found["components"]["schemas"]["Error"]).validate(error)


def test_two_types_of_one_name_are_refused_and_not_mixed_up() -> None:
    one, other = create_model("Same", a=int), create_model("Same", b=int)

    async def nothing(_request: Any) -> Any:
        raise NotImplementedError

    routes = [Route("GET", f"/{n}", nothing, "x", returns=type_) for n, type_ in enumerate((one, other))]
    with pytest.raises(ValueError, match="Same"):
        openapi(routes, version="1", url="http://x")
