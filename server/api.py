"""HTTP routes with typed bodies, one error envelope, and the OpenAPI document made from the same types."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from core.errors import BatonError, Invalid, NotFound, RateLimited, TooLarge
from core.text import mended
from server import metrics

log = structlog.get_logger()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = TypeVar("Body", bound=BaseModel)
BODY_LIMIT = 1024 * 1024
SMALL_BODY = 100_000
"""Bytes of what anybody may send: the longest message with every character written as two escapes, `\\ud83d\\ude00`, has fewer."""
LARGEST_INTEGER = 2**31 - 1
"""The largest whole number that every database takes."""
WENT_WRONG = "Something went wrong on our side. It has been logged; please try again."
"""All that a person is told of an error that nobody foresaw."""


@dataclass(frozen=True)
class Route:
    """One route: how it is reached, what it takes and gives, and who may call it."""

    method: str
    path: str
    handler: Handler
    summary: str
    auth: str = "none"
    body: Any = None
    query: type[BaseModel] | None = None
    returns: Any = None
    status: int = 200
    """What it answers with where nothing is wrong."""
    documented: bool = True


async def read_body(request: web.Request, model: type[Body], *, most: int = BODY_LIMIT) -> Body:
    """Read and validate a JSON body.

    Args:
        request: whose.
        model: its form.
        most: bytes that it may have. What is longer is not read: a million brackets would hold everybody up for a second.

    Raises:
        TooLarge: it is longer.
        Invalid: it is no JSON in UTF-8, or not of the model's form; names the first wrong field.
    """
    raw = await request.read()
    check_size(raw, most, "request")
    return parse(raw, model)


def check_size(raw: bytes | str, most: int, what: str) -> None:
    """Refuse what is too long to be read on the way of everybody else.

    Raises:
        TooLarge: it is longer than `most`.
    """
    if len(raw) > most:
        raise TooLarge(f"The {what} has a length of {len(raw):,}; {most:,} is the most.")


def parse(raw: bytes | str, model: type[Body]) -> Body:
    """Validate JSON text against a model, like `read_body`."""
    return checked(parse_json(raw), model)


def parse_json(raw: bytes | str) -> Any:
    """Return the value of JSON text.

    Raises:
        Invalid: it is no JSON in UTF-8.
    """
    try:
        return json.loads(raw.decode("utf-8") if isinstance(raw, bytes) else raw)
    except UnicodeDecodeError as error:
        raise Invalid("The request is not valid UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise Invalid("The request is not valid JSON.") from error


def storable(value: Any) -> Any:
    """Return a JSON value whose texts every database can keep, as `mended` does.

    Raises:
        Invalid: it is nested too deeply.
    """
    try:
        return mended(value)
    except RecursionError as error:
        raise Invalid("The request is nested too deeply.") from error


def checked(value: Any, model: type[Body]) -> Body:
    """Validate a value against a model, like `read_body`."""
    try:
        return model.model_validate(storable(value))
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"]) or None
        raise Invalid(f"{field or 'The request'}: {problem['msg']}.", field=field) from error


def envelope(error: BatonError) -> dict[str, Any]:
    """Write an error in the protocol's form."""
    return {"error": {"code": error.code, "message": error.message, "field": error.field}}


ERROR_PAGE: web.AppKey[Callable[[web.Request, BatonError], web.Response]] = web.AppKey("error_page")
"""Shows an error to a person; without one, everybody has errors in the protocol's form."""


def answer_error(request: web.Request, error: BatonError) -> web.Response:
    """Answer with an error in the form that the caller reads: a page for a browser that opens one, the protocol's for everybody else."""
    page = request.app.get(ERROR_PAGE)
    return page(request, error) if page is not None and _opens_page(request) else error_response(error)


def _opens_page(request: web.Request) -> bool:
    """Tell whether a person's browser is about to show the answer: scripts do not ask for HTML, and the API is no page."""
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith(("/api/", "/internal/"))


def error_response(error: BatonError) -> web.Response:
    """Answer with an error in the protocol's form."""
    response = web.json_response(envelope(error), status=error.status)
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


@web.middleware
async def translate_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what is raised below into the one error envelope, and time the request; a socket's life is none."""
    began = time.perf_counter()
    status = 500
    timed = True
    _bind_to_logs(request)
    try:
        if "\x00" in request.path:
            raise NotFound("There is no such page.")
        response = await handler(request)
        status = response.status
        timed = not isinstance(response, web.WebSocketResponse)
    except BatonError as error:
        status = error.status
        response = answer_error(request, error)
    except UnicodeEncodeError:
        status = 400
        response = answer_error(request, Invalid("A header of the request is not valid UTF-8."))
    except web.HTTPException as error:
        status = error.status
        if error.status < 400:
            raise
        response = answer_error(request, _RefusedByServer(error))
    except (ConnectionResetError, TimeoutError, asyncio.CancelledError):
        timed = False
        raise
    except Exception:
        log.exception("request failed", path=request.path)
        response = answer_error(request, BatonError(WENT_WRONG))
    finally:
        if timed:
            resource = request.match_info.route.resource
            route = resource.canonical if resource is not None else "unknown"
            metrics.REQUESTS.labels(f"{request.method} {route}", str(status)).observe(time.perf_counter() - began)
    return response


class _RefusedByServer(BatonError):
    """What aiohttp refused by itself: no route takes the address, or none by this method."""

    def __init__(self, error: web.HTTPException) -> None:
        told = {404: "There is nothing at this address.", 405: "This address cannot be used in that way."}
        super().__init__(told.get(error.status, error.reason))
        self.status = error.status
        self.code = {404: "not_found", 405: "not_found", 413: "too_large"}.get(error.status, "invalid")


def _bind_to_logs(request: web.Request) -> None:
    """Name the conversation of the address in every line that is logged below; the connection's last request had another."""
    structlog.contextvars.clear_contextvars()
    named = request.match_info.get("id", "")
    if named.startswith("cv_"):
        structlog.contextvars.bind_contextvars(conversation=named)


def openapi(routes: Sequence[Route], *, version: str, url: str) -> dict[str, Any]:
    """Write the OpenAPI 3.1 document of these routes from the types that validate them."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for route in routes:
        if route.documented:
            operation = _operation(route, schemas)
            paths.setdefault(route.path, {})[route.method.lower()] = operation
    schemas["Error"] = {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "field"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "field": {"type": ["string", "null"]},
                },
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Baton", "version": version, "description": "Self-service first, a person within reach."},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "visitor": {"type": "http", "scheme": "bearer"},
                "api": {"type": "http", "scheme": "bearer"},
                "staff": {"type": "apiKey", "in": "cookie", "name": "baton_staff"},
                "bot": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-zA-Z]+', '_', route.path)}".rstrip("_"),
        "responses": {
            str(route.status): {"description": "Created" if route.status == 201 else "OK"},
            "default": {
                "description": "An error",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if route.auth != "none":
        operation["security"] = [{route.auth: []}]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.query is not None:
        schema = _schema(route.query, schemas)
        definition = schemas[schema["$ref"].rpartition("/")[2]]
        parameters += [
            {"name": name, "in": "query", "required": name in definition.get("required", ()), "schema": value}
            for name, value in definition["properties"].items()
        ]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(route.body, schemas)}},
        }
    if route.returns is not None:
        operation["responses"][str(route.status)]["content"] = {
            "application/json": {"schema": _schema(route.returns, schemas)}
        }
    return operation


def _schema(type_: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(type_).json_schema(ref_template="#/components/schemas/{model}")
    for name, definition in schema.pop("$defs", {}).items():
        _define(name, definition, schemas)
    title = schema.get("title")
    if title and schema.get("type") == "object":
        _define(title, schema, schemas)
        return {"$ref": f"#/components/schemas/{title}"}
    return schema


def _define(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    if schemas.setdefault(name, schema) != schema:
        raise ValueError(f"two types are called {name}: rename one, or the document shows the wrong one")
