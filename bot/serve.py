"""Serves a trained assistant through its one channel: what `rasa run` does, without what only its other features need."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from pathlib import Path
from typing import Any, Sequence

import structlog
from rasa.core.agent import Agent
from rasa.core.brokers.broker import EventBroker
from rasa.core.channels.channel import InputChannel, register
from rasa.core.lock_store import LockStore
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.utils.io import read_config_file
from sanic import Sanic

from bot.channel import BatonChannel
from bot.processor import Processor
from bot.remote_action import ActionEndpoint
from bot.shortcuts import take_shortcuts
from bot.wording import Wording

logger = logging.getLogger(__name__)
CHANNEL = f"{BatonChannel.__module__}.{BatonChannel.__qualname__}"
LEFT_OUT_STORES = frozenset({"dynamo", "mongod"})
KEEP_ALIVE_SECONDS = 75
MODEL_UNUSABLE = 78
"""Exit status: the archive cannot be loaded, so starting again does not help (`EX_CONFIG` of sysexits.h)."""


class ModelUnusableError(Exception):
    """The model's archive cannot be loaded; says what to do."""


async def load_agent(model: Path, endpoints: AvailableEndpoints) -> Agent:
    """Loads the model beside its stores.

    Raises:
        InvalidConfigException: `endpoints.yml` names a store that is left out.
        ModelUnusableError: the archive does not fit this code, or is none.
    """
    store = endpoints.tracker_store.type if endpoints.tracker_store else None
    broker = endpoints.event_broker.type if endpoints.event_broker else None
    if store in LEFT_OUT_STORES or broker not in {None, "sql"}:
        raise InvalidConfigException(
            f"The assistant keeps conversations in memory, SQL or Redis, not in {store or broker}."
        )
    events = await EventBroker.create(endpoints.event_broker)
    agent = Agent(
        generator=Wording({}) if endpoints.nlg is None else endpoints.nlg,
        tracker_store=TrackerStore.create(endpoints.tracker_store, event_broker=events),
        lock_store=LockStore.create(endpoints.lock_store),
        action_endpoint=endpoints.action and ActionEndpoint.of(endpoints.action),
    )
    try:
        agent.processor = Processor(model, agent.tracker_store, agent.lock_store, agent.nlg, agent.action_endpoint)
    except Exception as error:  # Whatever an older component's files make of newer code.
        raise ModelUnusableError(
            f"The model {model} cannot be loaded; it was probably trained by another version of Baton. Run baton train. "
            f"({type(error).__name__}: {' '.join(str(error).split())[:300]})"
        ) from error
    agent.domain = agent.tracker_store.domain = agent.processor.domain
    agent.nlg.responses = agent.domain.responses
    return agent


def build_app(channel: InputChannel, model: Path, endpoints: AvailableEndpoints) -> Sanic:
    """Builds the server: the channel's routes, with the agent loaded before the port opens."""
    app = Sanic("baton_assistant", configure_logging=False)
    app.config.KEEP_ALIVE_TIMEOUT = KEEP_ALIVE_SECONDS
    register([channel], app, route="/webhooks/")

    async def load(app: Sanic, _loop: Any) -> None:
        try:
            app.ctx.agent = await load_agent(model, endpoints)
        except ModelUnusableError as error:
            logger.critical("The model cannot be loaded.", exc_info=error.__cause__)
            app.ctx.problem = str(error)
            raise SystemExit(MODEL_UNUSABLE) from None
        gc.enable()
        gc.freeze()  # What is loaded stays; no later collection need look at it.
        logger.info("The assistant %s is loaded.", model.name)

    async def close(app: Sanic, _loop: Any) -> None:
        if app.ctx.agent.action_endpoint is not None:
            await app.ctx.agent.action_endpoint.close()

    app.register_listener(load, "before_server_start")
    app.register_listener(close, "after_server_stop")
    return app


def configure_logs() -> None:
    """Logs warnings of Rasa and the like, and what this package has to say; a customer's words are in neither."""
    level = os.environ.get("LOG_LEVEL", "INFO")
    logging.basicConfig(format="%(asctime)s %(levelname)-8s %(name)s  %(message)s", stream=sys.stdout, level="WARNING")
    logging.getLogger("bot").setLevel(level)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.stdlib.LoggerFactory(),
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer(["event"])],
        cache_logger_on_first_use=True,
    )


def main(arguments: Sequence[str]) -> None:
    """Serves until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m bot.launch run", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model archive")
    parser.add_argument("--credentials", type=Path, required=True, help="YAML file with the channel's settings")
    parser.add_argument(
        "--endpoints", type=Path, required=True, help="YAML file with the actions' address and the stores"
    )
    parser.add_argument("--interface", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5005)
    chosen = parser.parse_args(arguments)
    if not chosen.model.is_file():
        parser.error(f"there is no model {chosen.model}")
    configure_logs()
    take_shortcuts()
    channel = BatonChannel.from_credentials(read_config_file(chosen.credentials).get(CHANNEL))
    app = build_app(channel, chosen.model, AvailableEndpoints.read_endpoints(str(chosen.endpoints)))
    try:
        app.run(host=chosen.interface, port=chosen.port, access_log=False, motd=False)
    except SystemExit:
        # After all traces, so that it is the last line of the log: what is read of it where an operator looks.
        print(getattr(app.ctx, "problem", ""), flush=True)
        raise
