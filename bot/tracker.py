"""A conversation's tracker that keeps the states it was in: policies ask for all of them anew at every prediction."""

from __future__ import annotations

import copy
from typing import Any, Dict, List, NamedTuple, Optional, Text, TypeVar

from rasa.shared.core.constants import PREVIOUS_ACTION
from rasa.shared.core.domain import Domain, State, SubState
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    LegacyForm,
    Restarted,
    SessionStarted,
    UserUtteranceReverted,
)
from rasa.shared.core.trackers import DialogueStateTracker

Kind = TypeVar("Kind")
_TAKE_BACK = frozenset({ActionReverted, UserUtteranceReverted})
_LOOPS = frozenset({ActiveLoop, LegacyForm})
_BEGIN = frozenset({Restarted, SessionStarted})


class _Step(NamedTuple):
    """How the conversation stood before an action."""

    state: State
    previous: Optional[SubState]
    follows: bool
    """Whether it was in the middle of something that decides by itself what is next: a follow-up action or a form."""
    hidden: bool
    """Whether the action came from a rule, so that policies which learn from stories do not see its turn."""


class Conversation(DialogueStateTracker):
    """Rasa's tracker, with the states of past steps computed once and copies made without replaying every event.

    Where events take earlier ones back, or a form runs, the states are Rasa's own affair.
    """

    _steps: Optional[List[_Step]] = None
    _walker: Optional[DialogueStateTracker] = None
    _walked = 0
    """Events that the steps cover."""
    _domain: Optional[Domain] = None
    _latest: Optional[_Step] = None
    """How it stands after the events that the steps cover, once somebody asked."""

    @classmethod
    def of(cls, tracker: DialogueStateTracker) -> Conversation:
        """Returns the tracker as a conversation; it is to be used instead of the given one from now on."""
        if isinstance(tracker, cls):
            return tracker
        made = cls.__new__(cls)
        vars(made).update(vars(tracker))
        return made

    def past_states(
        self,
        domain: Domain,
        omit_unset_slots: bool = False,
        ignore_rule_only_turns: bool = False,
        rule_only_data: Optional[Dict[Text, Any]] = None,
    ) -> List[State]:
        """Returns what Rasa's tracker returns."""
        steps = None if omit_unset_slots else self._all_steps(domain)
        if steps is None:
            return super().past_states(domain, omit_unset_slots, ignore_rule_only_turns, rule_only_data)
        if ignore_rule_only_turns:
            return _outside_rules(steps, domain, rule_only_data)
        return [_copied(step.state) for step in steps]

    def recent_states(self, domain: Domain, most: int) -> Optional[List[State]]:
        """Returns the latest of the past states, at most so many; None where they are Rasa's own affair."""
        steps = self._all_steps(domain)
        return steps and [_copied(step.state) for step in steps[-most:]]

    def copy(self) -> Conversation:
        """Returns a tracker in the same state, which later events change apart from this one."""
        made = _twin(self)
        made.events = self._create_events(self.events)
        made.slots = dict(self.slots)
        made.active_loop = copy.copy(self.active_loop)
        made._steps = made._walker = made._latest = None
        made._walked = 0
        return made

    def _set_slot(self, key: Text, value: Any) -> None:
        # The slot itself may be a copy's, or the conversation's that this is a copy of.
        if key in self.slots:
            self.slots[key] = _twin(self.slots[key])
        super()._set_slot(key, value)

    def _reset_slots(self) -> None:
        self.slots = {name: _twin(slot) for name, slot in self.slots.items()}
        super()._reset_slots()

    def _all_steps(self, domain: Domain) -> Optional[List[_Step]]:
        if self._steps is None or self._domain is not domain or self._walked > len(self.events):
            self._steps, self._walker, self._walked, self._domain = [], self._blank(), 0, domain
            self._latest = None
        for event in list(self.events)[self._walked :]:
            kind = type(event)  # Rasa's are abstract classes, which are slow to ask for their instances.
            if kind in _TAKE_BACK or (kind in _LOOPS and event.name):
                self._steps = None
                return None
            if kind in _BEGIN:
                self._steps, self._walker = [], self._blank()
            else:
                if kind is ActionExecuted:
                    self._steps.append(self._stands(domain)._replace(hidden=event.hide_rule_turn))
                self._walker.update(event)
            self._walked += 1
            self._latest = None
        return [*self._steps, self._stands(domain)]

    def _stands(self, domain: Domain) -> _Step:
        if self._latest is None:
            self._latest = _step(self._walker, domain)
        return self._latest

    def _blank(self) -> DialogueStateTracker:
        return self.init_copy()


def _twin(one: Kind) -> Kind:
    """Returns what `copy.copy` returns of an object without ways of its own to be copied, in a fifth of the time."""
    made = one.__class__.__new__(one.__class__)
    vars(made).update(vars(one))
    return made


def _step(tracker: DialogueStateTracker, domain: Domain) -> _Step:
    follows = bool(tracker.followup_action) or tracker.latest_action_name == tracker.active_loop_name
    state = _copied(domain.get_active_state(tracker))
    previous = domain._get_prev_action_sub_state(tracker)
    return _Step(state, previous and dict(previous), follows, hidden=False)


def _copied(state: State) -> State:
    return {kind: dict(part) for kind, part in state.items()}


def _outside_rules(steps: List[_Step], domain: Domain, rule_only_data: Optional[Dict[Text, Any]]) -> List[State]:
    """Does what `Domain.states_for_tracker_history(…, ignore_rule_only_turns=True)` does, from steps."""
    states: List[State] = []
    previous: Optional[SubState] = None
    was_hidden = False
    for step in steps:
        if not was_hidden:
            previous = step.previous
        if not step.follows:
            was_hidden = step.hidden
        if was_hidden:
            continue
        state = _copied(step.state)
        domain._remove_rule_only_features(state, rule_only_data)
        if states:
            domain._substitute_rule_only_user_input(state, states[-1])
        if previous:
            state[PREVIOUS_ACTION] = dict(previous)
        states.append(domain._clean_state(state))
    return states
