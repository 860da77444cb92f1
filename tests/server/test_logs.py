"""The logs: errors are told with their places in the code, and never with what people typed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from server.api import translate_errors
from server.logs import configure_logs
from tests.server.conftest import make_settings

SECRET = "correct horse battery"


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    before, level = logging.getLogger().handlers, logging.getLogger().level
    yield
    logging.getLogger().handlers, logging.getLogger().level = before, level
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_logged_exception_shows_no_locals(capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str) -> None:
    configure_logs(make_settings(tmp_path, "http://127.0.0.1:1", log_format=form))

    def check(password: str) -> None:
        raise RuntimeError(f"refused after {len(password)} characters")

    try:
        check(SECRET)
    except RuntimeError:
        structlog.get_logger().exception("sign-in broke")
    printed = capsys.readouterr().err
    assert "refused after 21 characters" in printed
    assert "test_logs.py" in printed
    assert SECRET not in printed


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_an_error_quotes_of_a_customer_is_masked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str
) -> None:
    configure_logs(make_settings(tmp_path, "http://127.0.0.1:1", log_format=form))
    quoted = (
        "dana@acme.example",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "+49 30 1234567",
        "Dana Whitfield",
    )
    words = "duplicate row: {}, card {}, {}, {}, my name is {}".format(*quoted)
    log = structlog.get_logger()
    log.error("not stored", conversation="cv_0123456789abcdef01234567", error=words)
    try:
        raise ValueError(words)
    except ValueError:
        log.exception("broken", reason=words)
        logging.getLogger("sqlalchemy").exception("from elsewhere")
    printed = capsys.readouterr().err
    assert [one for one in quoted if one in printed] == []
    for mask in ("[email]", "[card]", "[iban]", "[phone]", "[name]"):
        assert printed.count(mask) == 4
    assert "cv_0123456789abcdef01234567" in printed
    assert "test_logs.py" in printed


async def test_a_line_about_a_request_names_its_conversation_and_the_next_requests_does_not() -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise RuntimeError("broken")

    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        for named in ({"id": "cv_1"}, {}):
            response = await translate_errors(make_mocked_request("GET", "/", match_info=named), broken)
            assert response.status == 500
    assert [line.get("conversation") for line in lines] == ["cv_1", None]
