"""Rasa's rule policy, looking only at rules whose last step can match: the same rules are found, without trying all of them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Dict, List, Optional, Set, Text, Tuple

from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import State
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

_Last = Tuple[Optional[Text], Optional[Text]]
"""Action before and intent of a rule's last step; None where the rule does not fix it by a name."""


class IndexedRulePolicy(RulePolicy):
    """For serving; a model is trained and tested with Rasa's own, whose decisions this one shares."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Starts with no index; one is made of each table of rules when it is first asked."""
        super().__init__(*args, **kwargs)
        self._indexes: Dict[int, Dict[_Last, List[Text]]] = {}

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


def _last_of(state: State) -> _Last:
    return _name(state, PREVIOUS_ACTION, ACTION_NAME), _name(state, USER, INTENT)


def _name(state: State, part: Text, key: Text) -> Optional[Text]:
    value = state.get(part, {}).get(key)
    return value if isinstance(value, str) and value and value != SHOULD_NOT_BE_SET else None
