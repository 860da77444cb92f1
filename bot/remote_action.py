"""Calling the service's actions: over connections that are kept, with what an action reads, checked by a schema that is prepared once."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Text

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rasa.core.actions.action import Action, RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from bot.connection import Caller

_answer_format = Draft202012Validator(RemoteAction.action_response_format_spec())


class ServiceAction(RemoteAction):
    """An action in the service. It reads slots and the latest message, so the events before are not sent to it."""

    @classmethod
    def instead_of(cls, action: Optional[Action]) -> Optional[Action]:
        """Returns the same action, called this way if it is a remote one."""
        return cls(action.name(), action.action_endpoint) if type(action) is RemoteAction else action

    def _action_call_format(self, tracker: DialogueStateTracker, domain: Domain) -> Dict[Text, Any]:
        state = {**tracker.current_state(EventVerbosity.NONE), "events": []}
        return {"next_action": self._name, "sender_id": tracker.sender_id, "tracker": state}

    def _validate_action_result(self, result: Dict[Text, Any]) -> bool:
        """Raises what Rasa's own check raises; that one proves the schema itself anew for every answer."""
        if _is_plain(result):
            return True
        wrong = best_match(_answer_format.iter_errors(result))
        if wrong is not None:
            raise wrong
        return True


def _is_plain(result: Any) -> bool:
    """Tells at a glance that the format holds: slots set and responses with what the service's own actions give."""
    return (
        isinstance(result, dict)
        and isinstance(result.get("events"), list)
        and isinstance(result.get("responses"), list)
        and all(map(_sets_slot, result["events"]))
        and all(isinstance(one, dict) for one in result["responses"])
    )


def _sets_slot(event: Any) -> bool:
    return (
        isinstance(event, dict)
        and event.get("event") == "slot"
        and isinstance(event.get("name"), str)
        and "value" in event
        and isinstance(event.get("timestamp"), (int, float, type(None)))
    )


class ActionEndpoint(EndpointConfig):
    """The actions' address with connections that are kept; Rasa's own opens a session and a connection for every action."""

    _caller: Optional[Caller] = None

    @classmethod
    def of(cls, endpoint: EndpointConfig) -> ActionEndpoint:
        """Takes over the settings of an endpoint."""
        made = cls()
        vars(made).update(vars(endpoint))
        return made

    async def request(
        self,
        method: Text = "post",
        subpath: Optional[Text] = None,
        content_type: Optional[Text] = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Optional[Any]:
        """Returns the answer's JSON, None if it is none.

        Raises:
            ClientResponseError: The answer's status is 400 or above.
            aiohttp.ClientConnectionError: The service cannot be reached.
            asyncio.TimeoutError: It took longer than `timeout`, in seconds.
        """
        if (
            not self._is_plain
            or (method, subpath, compress) != ("post", None, False)
            or set(kwargs) != {"json", "timeout"}
        ):
            return await super().request(method, subpath, content_type, compress, **kwargs)
        if self._caller is None:
            self._caller = Caller(str(self.url), self.headers)
        answer = await self._caller.post(json.dumps(kwargs["json"]).encode("ascii"), kwargs["timeout"])
        if answer.status >= 400:
            raise ClientResponseError(answer.status, answer.reason, answer.body)
        return json.loads(answer.body) if answer.is_json else None

    @property
    def _is_plain(self) -> bool:
        """Whether the address needs nothing that only Rasa's way has: TLS, parameters, passwords."""
        needs_more = self.params or self.token or self.basic_auth or self.cafile
        return str(self.url).startswith("http://") and "@" not in str(self.url) and not needs_more

    async def close(self) -> None:
        """Closes the connections."""
        if self._caller is not None:
            self._caller.close()
