"""The one door to the assistant: a turn in, the replies and what was understood out, never a silent failure."""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import Any, Awaitable, Callable, Dict, List, Optional, Text

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.core.lock_store import LockError
from rasa.shared.exceptions import InvalidConfigException
from sanic import Blueprint, response
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.given import KnownEncoder, giving
from bot.turn import Turn, TurnRequest, TurnRequestError, read_turn_request

logger = logging.getLogger(__name__)

DEFAULT_TURN_SECONDS = 9.0


class TurnOutput(CollectingOutputChannel):
    """Collects replies as they were meant: Rasa's own collector cuts a text at each blank line."""

    @classmethod
    def name(cls) -> Text:
        """The channel's name in responses that are written for one channel only."""
        return "baton"

    async def send_response(self, recipient_id: Text, message: Dict[Text, Any]) -> None:
        """Keeps text, buttons and custom payload of one utterance together."""
        reply = {key: message[key] for key in ("text", "buttons", "custom") if message.get(key)}
        if reply:
            self.messages.append(reply)


class BatonChannel(InputChannel):
    """Serves `POST turn` and `GET ready` below `/webhooks/baton`; docs/architecture.md holds the contract."""

    def __init__(self, token: Text, turn_seconds: float = DEFAULT_TURN_SECONDS) -> None:
        """Keeps the token that callers must bear, and how long one turn may take."""
        if not token or "${" in token:
            raise InvalidConfigException("BATON_BOT_TOKEN is not set: the assistant must not be reachable without it.")
        self._expected = f"Bearer {token}".encode("utf-8")
        self._turn_seconds = turn_seconds

    @classmethod
    def name(cls) -> Text:
        """The channel's name and its place below `/webhooks/`."""
        return "baton"

    @classmethod
    def from_credentials(cls, credentials: Optional[Dict[Text, Any]]) -> BatonChannel:
        """Reads `token` and `turn_seconds` from `bot/credentials.yml`."""
        given = credentials or {}
        return cls(str(given.get("token") or ""), float(given.get("turn_seconds", DEFAULT_TURN_SECONDS)))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Defines the two routes."""
        routes = Blueprint("baton")

        @routes.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            agent = _agent(request)
            if agent is None:
                return response.json({"ready": False}, status=503)
            return response.json(
                {"ready": True, "model": agent.processor.model_filename, "encoder": _fingerprint(agent)}
            )

        @routes.post("/turn")
        async def turn(request: Request) -> HTTPResponse:
            if not self._bears_token(request):
                return _error(401, "unauthorised", "Send the header 'Authorization: Bearer <BATON_BOT_TOKEN>'.")
            agent = _agent(request)
            if agent is None:
                return _error(503, "not_ready", "No model is loaded yet.")
            try:
                asked = read_turn_request(_body(request), agent.domain.intents, _encoder(agent))
            except TurnRequestError as error:
                return _error(400, "bad_request", str(error))
            return await self._take_turn(asked, agent, on_new_message)

        return routes

    async def _take_turn(
        self, asked: TurnRequest, agent: Agent, on_new_message: Callable[[UserMessage], Awaitable[Any]]
    ) -> HTTPResponse:
        output = TurnOutput()
        message = UserMessage(asked.message, output, asked.conversation, input_channel=self.name())
        try:
            with giving(asked.vector):
                await asyncio.wait_for(on_new_message(message), self._turn_seconds)
            tracker = await agent.tracker_store.retrieve(asked.conversation)
        except asyncio.TimeoutError:
            logger.error("Conversation %s: the turn took longer than %s s.", asked.conversation, self._turn_seconds)
            return _error(504, "turn_timed_out", "The turn took too long and was given up.")
        except LockError:
            return _error(503, "conversation_busy", "Another turn of this conversation is still running.")
        except Exception:
            logger.exception("Conversation %s: the turn failed.", asked.conversation)
            return _error(500, "turn_failed", "The turn failed; the log of the assistant says why.")
        turn = Turn.of_message(tracker, message.message_id)
        return self._answer(turn, output.messages, asked.conversation)

    def _answer(self, turn: Turn, replies: List[Dict[Text, Any]], conversation: Text) -> HTTPResponse:
        said = {"replies": replies, "understanding": turn.understanding()}
        failed = turn.failed_actions()
        if failed:
            logger.error("Conversation %s: %s failed.", conversation, ", ".join(failed))
            return _error(502, "action_failed", f"The action {failed[0]} failed.", actions=failed, **said)
        if not replies:
            logger.error("Conversation %s: the turn ended without a reply.", conversation)
            return _error(502, "no_reply", "The turn ended without a reply.", **said)
        return response.json(said)

    def _bears_token(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._expected)


def _agent(request: Request) -> Optional[Agent]:
    agent: Optional[Agent] = getattr(request.app.ctx, "agent", None)
    return agent if agent is not None and agent.is_ready() else None


def _encoder(agent: Agent) -> Optional[KnownEncoder]:
    """Returns the encoder whose vectors may come with a text; another processor than Baton's knows none."""
    return getattr(agent.processor, "encoder", None)


def _fingerprint(agent: Agent) -> Optional[Text]:
    encoder = _encoder(agent)
    return encoder.fingerprint if encoder else None


def _body(request: Request) -> Any:
    try:
        return request.json
    except InvalidUsage as error:
        raise TurnRequestError("The body is not JSON.") from error


def _error(status: int, code: Text, message: Text, **more: Any) -> HTTPResponse:
    return response.json({"error": {"code": code, "message": message}, **more}, status=status)
