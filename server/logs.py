"""Structured logs: one line an event, JSON for machines or colours for people, never a customer's words."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from knowledge.masking import masked
from server.settings import Settings

_FOREIGN_WORDS = ("error", "exception", "reason")
"""What other people's code wrote: a database's error quotes the row that it refused."""


def mask_personal_data(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take personal data out of a line's errors: what is ours to word names nobody, and ids must stay readable."""
    for name in _FOREIGN_WORDS:
        if isinstance(line.get(name), str):
            line[name] = masked(line[name])
    return line


def configure_logs(settings: Settings) -> None:
    """Send structlog's and the standard library's logs to standard error in the same form."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[Any] = (
        [structlog.processors.JSONRenderer()]
        if as_json
        # The default prints the locals of every frame: passwords, tokens, customers' words.
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_personal_data,
                *renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("chromadb", "httpx", "aiohttp.access", "alembic", "rasa_sdk"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
