"""Fills slots from a message as Rasa does, which asks of every slot and mapping with every message whether it is meant."""

from __future__ import annotations

import copy
from typing import Any, Dict, FrozenSet, List, Optional, Text, Tuple

from rasa.core.actions.action import ActionExtractSlots
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.constants import (
    ACTION_VALIDATE_SLOT_MAPPINGS,
    MAPPING_TYPE,
    SlotMappingType,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.slot_mappings import SlotMapping
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITY_ATTRIBUTE_TYPE, INTENT, INTENT_NAME_KEY, NOT_INTENT
from rasa.utils.endpoints import EndpointConfig

_ENTITY, _INTENT, _CUSTOM = (
    str(kind) for kind in (SlotMappingType.FROM_ENTITY, SlotMappingType.FROM_INTENT, SlotMappingType.CUSTOM)
)
_Said = Tuple[Optional[Text], FrozenSet[Text]]
"""A message's intent, and the types of its entities that some slot is filled from."""


class NarrowedExtraction(ActionExtractSlots):
    """Shows Rasa's own a domain of the slots that a message's intent and entities can fill; in a form all may be.

    Which those are is found once for each intent and set of entities.
    """

    def __init__(self, action_endpoint: Optional[EndpointConfig]) -> None:
        """Starts with no domain; those narrowed are made of the one that comes with a message."""
        super().__init__(action_endpoint)
        self._whole: Optional[Domain] = None
        self._mapped: FrozenSet[Text] = frozenset()
        self._narrowed: Dict[_Said, Domain] = {}

    async def run(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> List[Event]:
        """Returns the slots that the latest message fills."""
        if not tracker.active_loop_name and ACTION_VALIDATE_SLOT_MAPPINGS not in domain.user_actions:
            domain = self._narrow(domain, tracker)
        return await super().run(output_channel, nlg, tracker, domain)

    def _narrow(self, domain: Domain, tracker: DialogueStateTracker) -> Domain:
        if domain is not self._whole:
            mappings = [mapping for slot in domain.slots for mapping in slot.mappings]
            self._mapped = frozenset(filter(None, (mapping.get(ENTITY_ATTRIBUTE_TYPE) for mapping in mappings)))
            self._whole, self._narrowed = domain, {}
        message = tracker.latest_message
        entities = frozenset(entity[ENTITY_ATTRIBUTE_TYPE] for entity in (message.entities if message else []))
        said = (message.intent.get(INTENT_NAME_KEY) if message else None, entities & self._mapped)
        if said not in self._narrowed:
            narrowed = copy.copy(domain)
            narrowed.slots = [slot for slot in domain.slots if _may_be_filled(slot, *said)]
            self._narrowed[said] = narrowed
        return self._narrowed[said]


def _may_be_filled(slot: Slot, intent: Optional[Text], entities: FrozenSet[Text]) -> bool:
    return any(_may_fill(mapping, intent, entities) for mapping in slot.mappings)


def _may_fill(mapping: Dict[Text, Any], intent: Optional[Text], entities: FrozenSet[Text]) -> bool:
    """Tells whether a mapping has something to fill a slot with; Rasa knows what else must hold."""
    kind = mapping[MAPPING_TYPE]
    if kind == _CUSTOM:
        return bool(mapping.get("action"))
    if kind == _ENTITY:
        return mapping.get(ENTITY_ATTRIBUTE_TYPE) in entities
    if kind == _INTENT:
        wanted = SlotMapping.to_list(mapping.get(INTENT))
        return intent in wanted if wanted else intent not in SlotMapping.to_list(mapping.get(NOT_INTENT))
    return True
