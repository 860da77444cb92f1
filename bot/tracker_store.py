"""Keeps conversations in memory within a bound; Rasa's own in-memory store never forgets one."""

from __future__ import annotations

import itertools
import pickle
import zlib
from collections import OrderedDict
from typing import Any, Iterable, List, NamedTuple, Optional, Text

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.conversation import Dialogue
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

MOST_AT_HAND = 128
"""Conversations that are kept as they are and not compressed."""


class _AtHand(NamedTuple):
    """A tracker, and what it looked like when it was saved: one that differs by now has a turn that runs, or that failed."""

    tracker: DialogueStateTracker
    events: int
    followup_action: Optional[Text]

    @classmethod
    def of(cls, tracker: DialogueStateTracker) -> _AtHand:
        return cls(tracker, len(tracker.events), tracker.followup_action)

    @property
    def untouched(self) -> bool:
        return self == _AtHand.of(self.tracker)

    def saved_events(self) -> List[Event]:
        """Returns the events as they were saved: later ones are only ever added behind them."""
        return list(itertools.islice(self.tracker.events, self.events))


class BoundedTrackerStore(TrackerStore):
    """The most recently used conversations, up to a number of them and a number of bytes.

    The very latest are kept at hand as they are, and given out until a turn has changed them without saving; older ones are compressed.
    A conversation that was forgotten starts anew: the service's own record, not this one, is the transcript.
    """

    def __init__(
        self,
        domain: Optional[Domain],
        event_broker: Optional[EventBroker] = None,
        max_conversations: int = 20_000,
        max_bytes: int = 256 * 1024 * 1024,
        max_event_history: int = 200,
        most_at_hand: int = MOST_AT_HAND,
        **kwargs: Any,
    ) -> None:
        """Sets the bounds.

        Args:
            domain: The assistant's domain.
            event_broker: Receives the events, if there is one.
            max_conversations: How many conversations to keep.
            max_bytes: How many bytes of compressed conversations to keep.
            max_event_history: How many events to keep of one conversation; older turns are dropped whole, slots stay.
            most_at_hand: How many conversations to keep as they are; their bytes are not counted.
            kwargs: What else Rasa hands to a tracker store (`host`).
        """
        super().__init__(domain, event_broker, **kwargs)
        self._max_conversations = int(max_conversations)
        self._max_bytes = int(max_bytes)
        self._max_events = int(max_event_history)
        self._most_at_hand = int(most_at_hand)
        self._kept: OrderedDict[Text, bytes] = OrderedDict()
        self._bytes = 0
        self._at_hand: OrderedDict[Text, _AtHand] = OrderedDict()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Stores the conversation and forgets the least recently used beyond the bounds."""
        await self.stream_events(tracker)
        self._forget(tracker.sender_id)
        self._kept[tracker.sender_id] = b""
        # One that is to lose its oldest turns is made anew from what is kept of it.
        if len(tracker.events) <= self._max_events:
            self._at_hand[tracker.sender_id] = _AtHand.of(tracker)
        else:
            self._pack(tracker.sender_id, self._recent(tracker))
        while len(self._at_hand) > self._most_at_hand:
            oldest, at_hand = self._at_hand.popitem(last=False)
            self._pack(oldest, at_hand.saved_events())
        while len(self._kept) > self._max_conversations or (self._bytes > self._max_bytes and len(self._kept) > 1):
            self._forget(next(iter(self._kept)))

    async def retrieve(self, sender_id: Text) -> Optional[DialogueStateTracker]:
        """Returns the conversation, or None when it is unknown or forgotten."""
        packed = self._kept.get(sender_id)
        if packed is None:
            return None
        self._kept.move_to_end(sender_id)
        at_hand = self._at_hand.get(sender_id)
        if at_hand is not None and at_hand.untouched:
            return at_hand.tracker
        events = at_hand.saved_events() if at_hand is not None else pickle.loads(zlib.decompress(packed))  # noqa: S301
        tracker = self.init_tracker(sender_id)
        tracker.recreate_from_dialogue(Dialogue(sender_id, events))
        return tracker

    async def keys(self) -> Iterable[Text]:
        """Returns the names of the conversations kept."""
        return list(self._kept)

    async def delete(self, sender_id: Text) -> None:
        """Forgets one conversation."""
        self._forget(sender_id)

    @property
    def bytes_kept(self) -> int:
        """The size of all compressed conversations."""
        return self._bytes

    def _forget(self, sender_id: Text) -> None:
        self._bytes -= len(self._kept.pop(sender_id, b""))
        self._at_hand.pop(sender_id, None)

    def _pack(self, sender_id: Text, events: List[Event]) -> None:
        # Never leaves this process, and takes a fraction of the time that Rasa's way over dictionaries and JSON does.
        packed = zlib.compress(pickle.dumps(events, pickle.HIGHEST_PROTOCOL), 1)
        self._kept[sender_id] = packed
        self._bytes += len(packed)

    def _recent(self, tracker: DialogueStateTracker) -> List[Event]:
        """Returns the latest events, from the start of a turn on; slots set in a dropped turn are set again."""
        events = list(tracker.events)
        if len(events) <= self._max_events:
            return events
        tail = events[-self._max_events :]
        first_turn = next((index for index, event in enumerate(tail) if isinstance(event, UserUttered)), 0)
        before = DialogueStateTracker(tracker.sender_id, self.domain.slots)
        before.update_with_events(events[: len(events) - len(tail) + first_turn], self.domain)
        slots = [SlotSet(name, slot.value) for name, slot in before.slots.items() if slot.value is not None]
        return [*slots, *tail[first_turn:]]
