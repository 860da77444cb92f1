"""What Rasa calls: the action webhook, for whoever has the bot's token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from core.errors import BatonError, Invalid, Unauthenticated, Unavailable
from server.api import Route, log, parse_json
from server.callers import is_bearer
from server.service import SERVICE

if TYPE_CHECKING:
    from rasa_sdk.executor import ActionExecutor


class Actions:
    """The executor, once it is loaded. Rasa SDK takes most of a second to import, which no start should wait for."""

    def __init__(self) -> None:
        self.executor: ActionExecutor | None = None

    async def run(self, call: dict[str, Any]) -> Any:
        """Run one action.

        Raises:
            Unavailable: the actions are not loaded yet.
        """
        if self.executor is None:
            raise Unavailable("The actions are still loading.")
        # No action reads the domain, so Rasa is told not to send it (endpoints.yml); without one the SDK would refuse.
        return await self.executor.run({**call, "domain": {}})


ACTIONS = web.AppKey("actions", Actions)


async def run_action(request: web.Request) -> web.Response:
    """Run one action, as Rasa SDK's own server would."""
    if not is_bearer(request, request.app[SERVICE].bot.token):
        raise Unauthenticated("This route is the assistant's; it needs the bot's token.")
    call = parse_json(await request.read())
    if not isinstance(call, dict):
        raise Invalid("The call is not a JSON object.")
    from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

    try:
        result = await request.app[ACTIONS].run(call)
    except ActionExecutionRejection as error:
        return web.json_response({"error": str(error), "action_name": error.action_name}, status=400)
    except ActionNotFoundException as error:
        return web.json_response({"error": str(error), "action_name": error.action_name}, status=404)
    except BatonError as error:
        log.warning(
            "action failed", action=call.get("next_action"), conversation=call.get("sender_id"), error=error.message
        )
        return web.json_response({"error": error.message, "action_name": call.get("next_action")}, status=500)
    return web.json_response(result.model_dump() if result is not None else {"events": [], "responses": []})


ROUTES = (Route("POST", "/internal/actions", run_action, "Rasa's action webhook", auth="bot", documented=False),)
