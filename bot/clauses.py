"""Reads a message that asks two things, or denies one of them, clause by clause: as a whole it lies between both."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, List, Optional, Text, Type

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.asking import form_of
from bot.denial import CORRECTS, Denial, DenialReader
from bot.scope import ANSWER, ASK, CHOICES, OUT_OF_SCOPE, SCOPE, SURE, UNSURE

CLAUSES = "clauses"
DENIED, KEPT, TOPIC = "denied", "kept", "topic"
"""Where a message carries what it denies, what is left of it, and the topic that is denied, the latter two as messages."""
INTENTS = "intents"
TOLD = "told"
"""Where the parse data carries every clause, understood or not, with its form."""
FORM = "form"
LONGEST = 400
"""Characters; a longer message is a story, whose sentences are not each a question."""
FEWEST_WORDS = 3
MOST_CLAUSES = 6
_NO_GUESSES = frozenset({UNSURE, DEFAULT_NLU_FALLBACK_INTENT_NAME})
_END = re.compile(
    r"(?<=[.!?;])\s+|\s*\n+\s*|\s+(?=\(?\d\)\s)|,?\s+(?:and\s+also|and\s+then|but\s+also|and|also|plus|as\s+well\s+as)\s+",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"^(?:\(?\d{1,2}[.)](?!\d)\s*|(?:and|also|but|plus|then|firstly|secondly|thirdly|finally|lastly)\b[\s,:]+|"
    r"(?:first|second|third)\s*[,:]\s*)+",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"(?:[\s,]+(?:and|also|but|so|or|plus|then))+$", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|so|well)[\s,!.]+)*(?:(?:i|we)(?:['’]ve|\s+have)?(?:\s+got)?|here\s+are|there\s+are|just|got)\s+"
    # A blank behind each word: "another" would be "an" and "other" as well, and many of them take for ever.
    r"(?:\d\s*|(?:an?|my|our|some|several|few|couple|of|one|two|three|four|another|more|quick|short|other|different)\s+)+"
    r"(?:questions?|things?|issues?|problems?|requests?)(?:\s+for\s+you)?\s*(?:[:.,;!–-]+\s*|$)",
    re.IGNORECASE,
)
_COMMA = re.compile(r"\s*,\s*|\s+[-–—]+\s+")
_PERSON = re.compile(r"\b(?:humans?|persons?|agents?|someone|somebody|representatives?|operators?)\b", re.IGNORECASE)
_WISHED = re.compile(
    r"\b(?:want|need|like|get|give|let|talk|speak|chat|call|connect|transfer|put|pass|reach)(?:ing)?\b", re.IGNORECASE
)


def split(text: str) -> List[str]:
    """Returns the clauses of `text` if each could be a request of its own, else nothing.

    A comma divides only beside a wish for a person, as in "I was charged twice, I want a human": everywhere else it joins one
    request more often than it divides two. What only joins clauses or announces them ("I have two questions:") is in none of them.
    """
    if len(text) > LONGEST:
        return []
    parts = [part for sentence in _END.split(_ANNOUNCED.sub("", text)) for part in _beside_person(sentence.strip(" ,"))]
    clauses = [part for part in map(_bare, parts) if len(part.split()) >= FEWEST_WORDS]
    return clauses if 2 <= len(clauses) <= MOST_CLAUSES else []


def _bare(part: str) -> str:
    """Returns a clause without the words that join it to the others."""
    return _BEHIND.sub("", _BEFORE.sub("", part.strip()))


def _beside_person(sentence: str) -> List[str]:
    """Returns what stands before, in and behind the part between commas that wishes for a person; the whole where none does."""
    parts = _COMMA.split(sentence)
    at = next((place for place, part in enumerate(parts) if _wishes_person(part)), None)
    if at is None:
        return [sentence]
    return [part for part in (", ".join(parts[:at]), parts[at], ", ".join(parts[at + 1 :])) if part]


def _wishes_person(part: str) -> bool:
    return len(part.split()) >= FEWEST_WORDS and bool(_PERSON.search(part) and _WISHED.search(part))


def with_clauses(messages: Iterable[Message]) -> Iterator[Message]:
    """Yields each message and after it its clauses and what it denies, so that a component reads all alike."""
    for message in messages:
        yield message
        yield from message.get(CLAUSES) or []
        yield from (message.get(part) for part in (KEPT, TOPIC) if message.get(part) is not None)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ClauseSplitter(GraphComponent):
    """Puts the clauses of a message beside it, and what it denies, for featurizer, classifier and gate to read as well."""

    def __init__(self) -> None:
        """Opens the reader of denials."""
        self._denials = DenialReader()

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ClauseSplitter:
        """Makes the component, in use and in training, where it does nothing."""
        return cls()

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets `clauses` where there are several that are not denied, and what is denied."""
        for message in messages:
            text = message.get(TEXT) or ""
            denial = self._denials.read(text)
            if denial is not None:
                _set_apart(message, denial)
            clauses = split(text if denial is None else denial.kept)
            if clauses:
                message.set(CLAUSES, [Message({TEXT: clause}) for clause in clauses])
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leaves training examples whole: each has one intent."""
        return training_data


def _set_apart(message: Message, denial: Denial) -> None:
    message.set(DENIED, denial)
    for part, text in ((KEPT, denial.kept), (TOPIC, denial.denied)):
        if text:
            message.set(part, Message({TEXT: text}))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ClauseReader(IntentClassifier, GraphComponent):
    """Publishes `intents` where a message asks several things, each surely enough to be answered, and what it is told in `told`.

    `intents` is a list of `{name, confidence, text}` in the order of the words, with different names. The message's own intent
    stays as it is if the gate answers it; else the surest of them takes its place. What a message denies gives it no intent: what is
    left of it does, and where nothing is that can be answered, the customer is asked.

    `told` is a list of `{name, text, form}`, one for each clause and one for a message that is not divided, whatever the gate made of
    it: who acts on the message can tell what asks, and leaves none of it without a word.
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        """Nothing: without clauses it does nothing."""
        return []

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ClauseReader:
        """Makes the component."""
        return cls()

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets `intents`, and the intent where the whole was not understood or holds what is denied."""
        for message in messages:
            if message.get(DENIED) is not None:
                _leave_out_denied(message, message.get(DENIED))
            found: Dict[str, Dict[Text, Any]] = {}
            for clause in message.get(CLAUSES) or []:
                intent = clause.get(INTENT) or {}
                if _is_answered(clause):
                    found.setdefault(
                        intent[INTENT_NAME_KEY],
                        {
                            INTENT_NAME_KEY: intent[INTENT_NAME_KEY],
                            PREDICTED_CONFIDENCE_KEY: intent[PREDICTED_CONFIDENCE_KEY],
                            TEXT: clause.get(TEXT),
                        },
                    )
            if len(found) > 1:
                self._publish(message, list(found.values()))
            message.set(TOLD, [_told(part) for part in message.get(CLAUSES) or [message]], add_to_output=True)
        return messages

    def _publish(self, message: Message, intents: List[Dict[Text, Any]]) -> None:
        message.set(INTENTS, intents, add_to_output=True)
        scope = message.get(SCOPE) or {}
        if scope.get("decision") == ANSWER:
            return
        surest = sorted(intents, key=lambda one: -one[PREDICTED_CONFIDENCE_KEY])
        named = [{key: one[key] for key in (INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY)} for one in surest]
        names = {one[INTENT_NAME_KEY] for one in named}
        # What stood above the guesses, "not understood", is no longer so; the guesses of the whole stay behind those of the clauses.
        rest = [
            {
                **guess,
                PREDICTED_CONFIDENCE_KEY: min(guess[PREDICTED_CONFIDENCE_KEY], named[-1][PREDICTED_CONFIDENCE_KEY]),
            }
            for guess in message.get(INTENT_RANKING_KEY) or []
            if guess[INTENT_NAME_KEY] not in names | _NO_GUESSES
        ]
        message.set(INTENT, dict(named[0]), add_to_output=True)
        message.set(INTENT_RANKING_KEY, [*named, *rest], add_to_output=True)
        message.set(SCOPE, {**scope, "decision": ANSWER, "choices": []}, add_to_output=True)


def _told(part: Message) -> Dict[Text, Any]:
    text = part.get(TEXT) or ""
    return {INTENT_NAME_KEY: _name(part), TEXT: text, FORM: form_of(text)}


def _leave_out_denied(message: Message, denial: Denial) -> None:
    """Gives a message the judgement of what it does not deny."""
    kept, topic = message.get(KEPT), message.get(TOPIC)
    if kept is not None and (_is_answered(kept) or denial.kind == CORRECTS):
        for part in (INTENT, INTENT_RANKING_KEY, SCOPE):
            message.set(part, kept.get(part), add_to_output=True)
    elif topic is not None and _is_answered(topic) and _name(topic) == _name(message):
        # Denied in so many words, it is not offered either; else it may be what the rest of the message is about.
        _ask(message, without=_name(topic) if denial.corrects_us else None)


def _ask(message: Message, *, without: Optional[str]) -> None:
    guesses = [one for one in message.get(INTENT_RANKING_KEY) or [] if one[INTENT_NAME_KEY] != without]
    unsure = {INTENT_NAME_KEY: UNSURE, PREDICTED_CONFIDENCE_KEY: SURE}
    choices = [one for one in guesses if one[INTENT_NAME_KEY] not in {OUT_OF_SCOPE, *_NO_GUESSES}][:CHOICES]
    below = [{**one, PREDICTED_CONFIDENCE_KEY: min(SURE, one[PREDICTED_CONFIDENCE_KEY])} for one in guesses]
    message.set(INTENT, dict(unsure), add_to_output=True)
    message.set(INTENT_RANKING_KEY, [unsure, *below], add_to_output=True)
    message.set(SCOPE, {**(message.get(SCOPE) or {}), "decision": ASK, "choices": choices}, add_to_output=True)


def _is_answered(message: Message) -> bool:
    return bool((message.get(SCOPE) or {}).get("decision") == ANSWER)


def _name(message: Message) -> Optional[str]:
    name: Optional[str] = (message.get(INTENT) or {}).get(INTENT_NAME_KEY)
    return name
