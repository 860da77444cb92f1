"""Calling the service's actions: over connections that are kept, with what an action reads, checked by a schema that is prepared once."""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Optional, Text

import aiohttp
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rasa.core.actions.action import Action, RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import EndpointConfig

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
    """The actions' address with one HTTP session; Rasa's own opens a session and a connection for every action."""

    _kept: Optional[aiohttp.ClientSession] = None

    @classmethod
    def of(cls, endpoint: EndpointConfig) -> ActionEndpoint:
        """Takes over the settings of an endpoint."""
        made = cls()
        vars(made).update(vars(endpoint))
        return made

    def session(self) -> Any:
        """Returns the session inside a context that does not close it."""
        if self._kept is None:
            self._kept = super().session()
        return contextlib.nullcontext(self._kept)

    async def close(self) -> None:
        """Closes the session's connections."""
        if self._kept is not None:
            await self._kept.close()
