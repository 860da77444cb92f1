"""What is done once instead of with every message gives what Rasa gives."""

import ast
import asyncio
import inspect
import itertools
import random

import pytest
import rasa.core.actions.action
import spacy
from rasa.core.actions.action import ActionExtractSlots, RemoteAction, action_for_name_or_text
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import ACTION_EXTRACT_SLOTS, PREVIOUS_ACTION, USER
from rasa.shared.core.domain import ActionNotFoundException, Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    BotUttered,
    Event,
    FollowupAction,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from spacy.util import filter_spans

from bot.extraction import NarrowedExtraction
from bot.phrases import Phrases, WordTokenizer
from bot.rules import IndexedRulePolicy, ServedMemoizationPolicy
from bot.shortcuts import COPY_TO_LOG, take_shortcuts
from bot.tracker import Conversation
from bot.tracker_store import BoundedTrackerStore


@pytest.fixture(scope="module")
def policy(agent):
    nodes = agent.processor.graph_runner._instantiated_nodes.values()
    return next(node._component for node in nodes if isinstance(node._component, RulePolicy))


def test_the_index_finds_the_rules_that_rasas_search_finds(policy):
    assert isinstance(policy, IndexedRulePolicy)
    rules = policy.lookup["rules"]
    dice = random.Random(4)
    written = [policy._rule_key_to_state(key) for key in rules]
    every = [state for states in written for state in states]
    found = 0
    for _ in range(400):
        states = [*dice.choices(every, k=dice.randint(0, 3)), *dice.choice(written)]
        if dice.random() < 0.3:
            states[-1] = {
                part: value for part, value in states[-1].items() if part != dice.choice([USER, PREVIOUS_ACTION])
            }
        ours = policy._get_possible_keys(rules, states)
        assert ours == RulePolicy._get_possible_keys(policy, rules, states)
        found += bool(ours)
    assert found > 50
    assert policy._get_possible_keys(rules, []) == set(rules)


def _said(dice, domain):
    intent = dice.choice(domain.intents)
    return UserUttered(f"text {dice.random()}", intent={"name": intent, "confidence": 0.9})


def _event(dice, domain):
    slot = next(iter(domain.slots)).name
    return dice.choice(
        [
            lambda: _said(dice, domain),
            lambda: _said(dice, domain),
            lambda: ActionExecuted("action_listen"),
            lambda: ActionExecuted("action_listen", hide_rule_turn=True),
            lambda: ActionExecuted(dice.choice(domain.action_names_or_texts), hide_rule_turn=dice.random() < 0.5),
            lambda: BotUttered("x"),
            lambda: SlotSet(slot, dice.choice([None, 1.0, "x"])),
            lambda: FollowupAction("action_listen"),
        ]
    )()


def _taking_back(dice):
    return dice.choice([Restarted, SessionStarted, ActionReverted, UserUtteranceReverted])()


def _rare(dice):
    return dice.choice([_taking_back, _taking_back, lambda _: ActiveLoop("form"), lambda _: ActiveLoop(None)])(dice)


@pytest.mark.parametrize("rare", [0.0, 0.05])
def test_the_states_of_a_conversation_are_rasas_at_every_point(agent, rare):
    domain = agent.domain
    dice = random.Random(11)
    for _ in range(25):
        ours = Conversation.of(DialogueStateTracker("a", domain.slots))
        rasas = DialogueStateTracker("a", domain.slots)
        for _ in range(30):
            event = _rare(dice) if dice.random() < rare else _event(dice, domain)
            ours.update(event)
            rasas.update(event)
            if dice.random() < 0.4:
                for outside in (False, True):
                    only = {"rule_only_slots": [next(iter(domain.slots)).name], "rule_only_loops": ["form"]}
                    states = ours.past_states(domain, ignore_rule_only_turns=outside, rule_only_data=only)
                    assert states == rasas.past_states(domain, ignore_rule_only_turns=outside, rule_only_data=only)
                    for state in states:
                        state.setdefault(USER, {})["intent"] = "changed by a policy"


def test_the_policies_predict_what_rasas_predict(agent, policy):
    domain = agent.domain
    rasas_rules = RulePolicy.__new__(RulePolicy)
    vars(rasas_rules).update(vars(policy))
    nodes = agent.processor.graph_runner._instantiated_nodes.values()
    memory = next(node._component for node in nodes if isinstance(node._component, ServedMemoizationPolicy))
    rasas_memory = MemoizationPolicy.__new__(MemoizationPolicy)
    vars(rasas_memory).update(vars(memory))
    steps = [state for key in policy.lookup["rules"] for state in policy._rule_key_to_state(key)]
    actions = [state["prev_action"]["action_name"] for state in steps if state.get("prev_action")]
    dice = random.Random(12)
    by_rule = 0
    for _ in range(25):
        ours = Conversation.of(DialogueStateTracker("a", domain.slots))
        rasas = DialogueStateTracker("a", domain.slots)
        for _ in range(30):
            event = dice.choice(
                [_event(dice, domain), ActionExecuted(dice.choice(actions)), ActionExecuted("action_listen")]
            )
            for each in (_taking_back(dice) if dice.random() < 0.05 else event, _said(dice, domain)):
                ours.update(each)
                rasas.update(each)
                (found, source), (wanted, rasas_source) = (
                    policy._predict(ours, domain),
                    rasas_rules._predict(rasas, domain),
                )
                assert (found.probabilities, found.hide_rule_turn, source) == (
                    wanted.probabilities, wanted.hide_rule_turn, rasas_source
                )  # fmt: skip
                by_rule += found.max_confidence == 1.0
                recalled = rasas_memory.predict_action_probabilities(rasas, domain).probabilities
                assert memory.predict_action_probabilities(ours, domain).probabilities == recalled
    assert by_rule > 50


def test_a_copy_is_in_the_same_state_and_changes_apart(agent):
    slot = next(iter(agent.domain.slots)).name
    ours = Conversation.of(DialogueStateTracker("a", agent.domain.slots))
    dice = random.Random(2)
    for _ in range(40):
        ours.update(_event(dice, agent.domain))
    twin = ours.copy()
    assert twin.current_state() == ours.current_state() == DialogueStateTracker.copy(ours).current_state()
    before = ours.current_state()
    states = ours.past_states(agent.domain)
    twin.update(SlotSet(slot, 77.0))
    twin.update(ActionExecuted("action_listen"))
    assert ours.current_state() == before
    assert ours.past_states(agent.domain) == states
    assert len(twin.past_states(agent.domain)) == len(states) + 1


def test_what_a_conversation_goes_on_with_its_copy_knows_nothing_of(agent):
    slots = [slot.name for slot in agent.domain.slots]
    ours = Conversation.of(DialogueStateTracker("a", agent.domain.slots))
    ours.update(SlotSet(slots[0], 1.0))
    twin, other = ours.copy(), ours.copy()
    before = twin.current_state()
    ours.update(SlotSet(slots[0], 2.0))
    other.update(Restarted())
    assert twin.current_state() == before
    assert ours.get_slot(slots[0]) == 2.0
    assert other.current_slot_values() == DialogueStateTracker("a", agent.domain.slots).current_slot_values()


def test_what_a_failed_turn_did_to_a_conversation_is_forgotten(agent):
    store = BoundedTrackerStore(agent.domain)
    tracker = DialogueStateTracker("a", agent.domain.slots)
    tracker.update(_said(random.Random(1), agent.domain))
    asyncio.run(store.save(tracker))
    at_hand = asyncio.run(store.retrieve("a"))
    assert at_hand is tracker
    at_hand.update(ActionExecuted("action_listen"))
    back = asyncio.run(store.retrieve("a"))
    assert back is not tracker
    assert len(back.events) == 1


def test_copies_that_are_spared_were_made_for_debug_logs_alone():
    for module in COPY_TO_LOG:
        tree = ast.parse(inspect.getsource(module))
        logged = {
            id(inner)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and ast.unparse(call.func) in {"structlogger.debug", "logger.debug"}
            for inner in ast.walk(call)
        }
        used = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "copy"]
        assert used
        assert all(id(node) in logged for node in used), module.__name__


@pytest.fixture
def shortcuts(monkeypatch):
    for module in COPY_TO_LOG:
        monkeypatch.setattr(module, "copy", module.copy)
    monkeypatch.setattr(Event, "resolve_by_type", staticmethod(Event.resolve_by_type))
    before = Event.resolve_by_type
    for name in ("default_actions", "action_for_name_or_text", "ActionExtractSlots"):
        monkeypatch.setattr(rasa.core.actions.action, name, getattr(rasa.core.actions.action, name))
    monkeypatch.setattr(RemoteAction, "_validate_action_result", RemoteAction._validate_action_result)
    take_shortcuts()
    return before


def test_an_action_is_looked_up_once_for_a_domain_and_a_form_each_time(agent, shortcuts):
    find, domain = rasa.core.actions.action.action_for_name_or_text, agent.domain
    for name in domain.action_names_or_texts:
        assert (
            type(find(name, domain, None)) is type(action_for_name_or_text(name, domain, None))
            or name == ACTION_EXTRACT_SLOTS
        )
        assert (find(name, domain, None) is find(name, domain, None)) == (name not in domain.form_names), name
    endpoint = EndpointConfig("http://127.0.0.1")
    assert find("action_answer_question", domain, endpoint).action_endpoint is endpoint
    assert isinstance(find(ACTION_EXTRACT_SLOTS, domain, endpoint), NarrowedExtraction)
    with pytest.raises(ActionNotFoundException):
        find("no such action", domain, endpoint)


def _extracted(extraction, domain, message, loop):
    tracker = DialogueStateTracker("a", domain.slots)
    if loop:
        tracker.update(ActiveLoop(loop))
    if message is not None:
        tracker.update(message)
    events = asyncio.run(extraction.run(CollectingOutputChannel(), None, tracker, domain))
    return [(event.key, event.value) for event in events]


EVERY_MAPPING = Domain.from_yaml("""
version: "3.1"
intents: [greet, ask, buy]
entities: [colour, size]
slots:
  text: {type: text, mappings: [{type: from_text, not_intent: greet}]}
  colour: {type: text, mappings: [{type: from_entity, entity: colour, intent: [ask, buy]}]}
  sizes: {type: list, mappings: [{type: from_entity, entity: size, role: wanted}, {type: from_entity, entity: size}]}
  first: {type: text, mappings: [{type: custom}, {type: from_intent, intent: greet, value: hello}]}
  other: {type: text, mappings: [{type: from_intent, not_intent: [greet], value: more}]}
  any: {type: text, mappings: [{type: from_intent, value: said}]}
  asked: {type: text, mappings: [{type: from_text, conditions: [{active_loop: form}]}]}
  triggered: {type: text, mappings: [{type: from_trigger_intent, intent: buy, value: bought, conditions: [{active_loop: form}]}]}
forms:
  form: {required_slots: [asked, triggered]}
""")


@pytest.mark.parametrize("loop", [None, "form"])
def test_slots_are_filled_as_rasa_fills_them(agent, loop):
    filled = 0
    for domain in (EVERY_MAPPING, agent.domain):
        ours, rasas = NarrowedExtraction(None), ActionExtractSlots(None)
        found = [{"entity": name, "value": f"some {name}", "start": 0, "end": 4} for name in domain.entities]
        said = [{}, *({"name": name, "confidence": 0.9} for name in domain.intents)]
        for intent, entities in itertools.product(said, ([], found[:1], found[-1:], found)):
            message = UserUttered("some text", intent=intent, entities=entities)
            if loop in (None, *domain.form_names):
                expected = _extracted(rasas, domain, message, loop)
                assert _extracted(ours, domain, message, loop) == expected
                filled += len(expected)
        assert _extracted(ours, domain, None, None) == _extracted(rasas, domain, None, None)
    assert filled > 20


def test_a_session_begins_where_none_runs(agent):
    def begun(*events):
        tracker = Conversation.of(DialogueStateTracker("a", agent.domain.slots))
        tracker.update_with_events(list(events), agent.domain)
        asyncio.run(agent.processor._update_tracker_session(tracker, CollectingOutputChannel()))
        return len(tracker.events) > len(events)

    assert begun()
    assert begun(ActionExecuted("action_listen"), Restarted())
    assert not begun(ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen"))


def test_events_are_resolved_as_before(shortcuts):
    before = shortcuts
    for kind in ("slot", "action", "user", "bot", "active_loop"):
        assert Event.resolve_by_type(kind) is before(kind)
    assert Event.resolve_by_type("no such event", SlotSet) is SlotSet
    with pytest.raises(ValueError, match="no such event"):
        Event.resolve_by_type("no such event")


def test_phrases_are_found_as_by_spacys_matcher_alone():
    vocab = spacy.blank("en").vocab
    tokenizer = WordTokenizer(vocab)
    lists = (["cancel* my|our account", "leave … you"], ["… a joke"], ["no"], [])
    words = ["Cancelling", "my", "our", "account", "leave", "we", "you", "a", "joke", "no", "NO", "!", "\n"]
    dice = random.Random(6)
    found = 0
    for phrases in lists:
        ours = Phrases(vocab, phrases)
        for _ in range(200):
            tokens = tokenizer(" ".join(dice.choices(words, k=dice.randint(0, 6))))
            every = sorted(filter_spans(ours._matcher(tokens.doc, as_spans=True)), key=lambda span: span.start)
            assert ours.find(tokens) == every
            found += bool(every)
            assert ours.find(tokens) == every
