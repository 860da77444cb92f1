"""Shortcuts inside Rasa: work that it does anew with every message, though nobody asks for the result or it never changes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Dict, List, Optional

import rasa.core.actions.action
import rasa.core.policies.memoization
import rasa.core.policies.rule_policy
import rasa.core.processor
from rasa.core.actions.action import Action, RemoteAction
from rasa.core.actions.loops import LoopAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.utils.endpoints import EndpointConfig
from thinc.api import require_cpu

from bot.extraction import NarrowedExtraction
from bot.remote_action import ServiceAction

COPY_TO_LOG = (rasa.core.processor, rasa.core.policies.rule_policy, rasa.core.policies.memoization)
"""Modules that use `copy` for debug logs and for nothing else; tests/bot/test_serving.py reads them."""


class _Uncopied:
    """Takes the place of the module `copy`."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        """Returns the value itself: nothing that is logged at a level that is off is kept."""
        return value


def _made_once(make: Callable[..., List[Action]]) -> Callable[..., List[Action]]:
    """Returns a function that makes the actions again only for another endpoint."""
    made: Dict[str, Any] = {"for": make, "actions": []}

    def default_actions(action_endpoint: Optional[EndpointConfig] = None) -> List[Action]:
        if made["for"] is not action_endpoint:
            made.update({"for": action_endpoint, "actions": make(action_endpoint)})
        return list(made["actions"])

    return default_actions


def _found_once(find: Callable[..., Action]) -> Callable[..., Action]:
    """Returns a function that looks an action up again only for another domain or endpoint, but for a loop, which keeps state."""
    found: Dict[str, Any] = {"for": (None, None), "actions": {}}

    def action_for_name_or_text(
        action_name_or_text: str, domain: Domain, action_endpoint: Optional[EndpointConfig]
    ) -> Action:
        if found["for"][0] is not domain or found["for"][1] is not action_endpoint:
            found.update({"for": (domain, action_endpoint), "actions": {}})
        known = found["actions"].get(action_name_or_text)
        if known is None:
            known = find(action_name_or_text, domain, action_endpoint)
            if not isinstance(known, LoopAction):
                found["actions"][action_name_or_text] = known
        return known

    return action_for_name_or_text


def take_shortcuts() -> None:
    """Call it once, before the server's loop runs, in a process that does not log at debug level or define kinds of events."""
    for module in COPY_TO_LOG:
        module.copy = _Uncopied  # type: ignore[attr-defined]
    # Rasa makes all its own actions, which keep nothing, anew to find one of them.
    rasa.core.actions.action.default_actions = _made_once(rasa.core.actions.action.default_actions)
    rasa.core.actions.action.action_for_name_or_text = _found_once(rasa.core.actions.action.action_for_name_or_text)
    rasa.core.actions.action.ActionExtractSlots = NarrowedExtraction
    # Rasa goes through all classes of events, twice, for each event of an action.
    Event.resolve_by_type = staticmethod(lru_cache(maxsize=None)(Event.resolve_by_type))  # type: ignore[method-assign]
    # A form calls its validation by itself, past `bot.processor`.
    RemoteAction._validate_action_result = ServiceAction._validate_action_result  # type: ignore[method-assign]
    # Said in the context that every request begins with: spaCy looks for its kind of processor anew in each that lacks it.
    require_cpu()
