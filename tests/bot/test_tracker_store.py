"""The tracker store forgets what it must and keeps what it should."""

import asyncio

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered
from rasa.shared.core.slots import FloatSlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.tracker_store import BoundedTrackerStore


@pytest.fixture
def domain():
    domain = Domain.empty()
    domain.slots = [FloatSlot("failed_turns", mappings=[{"type": "custom"}])]
    return domain


def conversation(name, domain, turns, slot=None):
    events = []
    for number in range(turns):
        events += [UserUttered(f"message {number}"), ActionExecuted("utter_x"), BotUttered("x")]
        if slot is not None and number == 0:
            events.append(SlotSet("failed_turns", slot))
    return DialogueStateTracker.from_events(name, events, domain.slots)


def kept(store):
    return list(asyncio.run(store.keys()))


def test_the_least_recently_used_conversation_is_forgotten_first(domain):
    store = BoundedTrackerStore(domain, max_conversations=2)
    for name in ("a", "b"):
        asyncio.run(store.save(conversation(name, domain, 1)))
    asyncio.run(store.retrieve("a"))
    asyncio.run(store.save(conversation("c", domain, 1)))
    assert kept(store) == ["a", "c"]
    assert asyncio.run(store.retrieve("b")) is None


def test_the_bytes_are_bounded_too(domain):
    store = BoundedTrackerStore(domain, max_bytes=3000, most_at_hand=1)
    for number in range(40):
        asyncio.run(store.save(conversation(f"c{number}", domain, 5)))
    assert 0 < store.bytes_kept <= 3000
    assert kept(store)[-1] == "c39"


def test_saving_again_does_not_count_twice(domain):
    store = BoundedTrackerStore(domain, most_at_hand=0)
    for _ in range(3):
        asyncio.run(store.save(conversation("a", domain, 2)))
    size = store.bytes_kept
    asyncio.run(store.delete("a"))
    assert size > 0
    assert store.bytes_kept == 0
    assert kept(store) == []


@pytest.mark.parametrize("most_at_hand", [0, 1])
def test_a_conversation_comes_back_as_it_was(domain, most_at_hand):
    store = BoundedTrackerStore(domain, most_at_hand=most_at_hand)
    asyncio.run(store.save(conversation("a", domain, 3, slot=2.0)))
    back = asyncio.run(store.retrieve("a"))
    assert [event.text for event in back.events if isinstance(event, UserUttered)] == [
        "message 0",
        "message 1",
        "message 2",
    ]
    assert back.get_slot("failed_turns") == 2.0


def test_a_long_conversation_loses_whole_turns_but_no_slot(domain):
    store = BoundedTrackerStore(domain, max_event_history=10)
    asyncio.run(store.save(conversation("a", domain, 20, slot=2.0)))
    back = asyncio.run(store.retrieve("a"))
    said = [event.text for event in back.events if isinstance(event, UserUttered)]
    assert len(back.events) <= 11
    assert said == ["message 17", "message 18", "message 19"]
    assert back.get_slot("failed_turns") == 2.0


def test_a_conversation_that_a_turn_is_changing_is_put_away_as_it_was_saved(domain):
    store = BoundedTrackerStore(domain, most_at_hand=1)
    asyncio.run(store.save(conversation("a", domain, 2)))
    asyncio.run(store.retrieve("a")).update(SlotSet("failed_turns", 9.0))
    assert asyncio.run(store.retrieve("a")).get_slot("failed_turns") is None
    asyncio.run(store.save(conversation("b", domain, 1)))
    assert store.bytes_kept > 0
    back = asyncio.run(store.retrieve("a"))
    assert (len(back.events), back.get_slot("failed_turns")) == (6, None)
