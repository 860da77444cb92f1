"""Rasa's policies for serving, which decide as Rasa's own: only rules that can match are tried, and of the conversation only its end."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Dict, List, Optional, Set, Text, Tuple

from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.shared.core.constants import ACTION_LISTEN_NAME, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

from bot.tracker import Conversation

_Last = Tuple[Optional[Text], Optional[Text]]
"""Action before and intent of a rule's last step; None where the rule does not fix it by a name."""


class IndexedRulePolicy(RulePolicy):
    """For serving; a model is trained and tested with Rasa's own, whose decisions this one shares."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Starts with no index; one is made of each table of rules when it is first asked."""
        super().__init__(*args, **kwargs)
        self._indexes: Dict[int, Dict[_Last, List[Text]]] = {}
        self._longest: Optional[int] = None

    def _find_action_from_rules(
        self, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> Tuple[Optional[Text], Optional[Text], bool]:
        if tracker.active_loop_name or not isinstance(tracker, Conversation):
            return super()._find_action_from_rules(tracker, domain, use_text_for_last_user_input)
        if use_text_for_last_user_input and not self._some_rule_reads_no_intent():
            return None, None, False
        if not use_text_for_last_user_input:
            states = tracker.recent_states(domain, self._length_of_longest())
            if states is not None:
                self.featurizer._choose_last_user_input([states], False)
                found = self._get_possible_keys(self.lookup[RULES], states)
                if found:
                    best = max(found, key=len)
                    return self.lookup[RULES][best], best, False
        # What no rule fits is named by the whole conversation.
        return super()._find_action_from_rules(tracker, domain, use_text_for_last_user_input)

    def _some_rule_reads_no_intent(self) -> bool:
        """Tells whether a rule that looks at what the customer has just said could do without its intent."""
        index = self._index_of(self.lookup[RULES])
        return (ACTION_LISTEN_NAME, None) in index or (None, None) in index

    def _length_of_longest(self) -> int:
        if self._longest is None:
            self._longest = max((len(self._rule_key_to_state(key)) for key in self.lookup[RULES]), default=1)
        return self._longest

    def _get_possible_keys(self, lookup: Dict[Text, Text], states: List[State]) -> Set[Text]:
        if not states:
            return super()._get_possible_keys(lookup, states)
        found = self._index_of(lookup)
        action, intent = _last_of(states[-1])
        wanted = {(before, said) for before in (action, None) for said in (intent, None)}
        near = {key: lookup[key] for place in wanted for key in found.get(place, ())}
        return super()._get_possible_keys(near, states)

    def _index_of(self, lookup: Dict[Text, Text]) -> Dict[_Last, List[Text]]:
        known = self._indexes.get(id(lookup))
        if known is None:
            known = defaultdict(list)
            for key in lookup:
                known[_last_of(self._rule_key_to_state(key)[-1])].append(key)
            self._indexes[id(lookup)] = known
        return known


class ServedMemoizationPolicy(MemoizationPolicy):
    """For serving: where training saw no stories, nothing needs to be recalled to know that nothing is remembered."""

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: Optional[Dict[Text, Any]] = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Predicts the next action."""
        if not self.lookup:
            return self._prediction(self._default_predictions(domain))
        return super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)


SERVED = {RulePolicy: IndexedRulePolicy, MemoizationPolicy: ServedMemoizationPolicy}
"""What serves in place of what was trained."""


def _last_of(state: State) -> _Last:
    return _name(state, PREVIOUS_ACTION, ACTION_NAME), _name(state, USER, INTENT)


def _name(state: State, part: Text, key: Text) -> Optional[Text]:
    value = state.get(part, {}).get(key)
    return value if isinstance(value, str) and value and value != SHOULD_NOT_BE_SET else None
