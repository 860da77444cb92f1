"""What a message shows beside its topic, with the words that tell."""

from pathlib import Path

import pytest
import spacy
import yaml
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message

from bot.entities import EntityReader
from bot.frustration import combined
from bot.phrases import Phrases, WordTokenizer, written
from bot.signals import SignalReader, with_repetition

DATA = Path(__file__).parent / "data"
FRUSTRATED = 0.5


def held_out(name):
    listed = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return [(kind, text) for kind, texts in listed.items() for text in texts]


@pytest.fixture(scope="module")
def reader():
    return SignalReader.create(SignalReader.get_default_config(), None, None, None)


def read(reader, text, *ranking):
    guesses = [{"name": name, "confidence": share} for name, share in ranking]
    message = Message.build(text)
    message.set(INTENT, dict(guesses[0]) if guesses else {})
    message.set(INTENT_RANKING_KEY, guesses)
    message.set("scope", {"threshold": 0.3})
    reader.process([message])
    return message, {one["name"]: one for one in message.get("signals")}


@pytest.mark.parametrize(("kind", "text"), [one for one in held_out("cancellation.yml") if one[1]])
def test_cancelling_is_read_with_negation_condition_and_object(reader, kind, text):
    mention = reader._renewed.reader.cancellation.read(reader._renewed.reader.tokens(text))
    assert (mention.kind if mention else "nothing") == kind


def test_a_denied_cancellation_gives_way_to_the_next_best_intent(reader):
    message, signals = read(reader, "I don't want to cancel", ("cancel_subscription", 0.9), ("change_plan", 0.6))
    assert message.get(INTENT) == {"name": "change_plan", "confidence": 0.6}
    assert "cancellation" not in signals
    message, _ = read(reader, "cancel the meeting", ("cancel_subscription", 0.9), ("tasks", 0.1))
    assert message.get(INTENT)["name"] == "nlu_fallback"
    assert [one["name"] for one in message.get(INTENT_RANKING_KEY)] == ["nlu_fallback", "tasks"]


def test_a_denied_cancellation_is_not_offered_as_a_choice(reader):
    message = Message.build("please don't cancel anything")
    choices = [{"name": "cancel_subscription", "confidence": 0.3}, {"name": "change_plan", "confidence": 0.2}]
    message.set(INTENT, {"name": "nlu_unsure", "confidence": 0.3})
    message.set("scope", {"threshold": 0.5, "choices": choices})
    reader.process([message])
    assert message.get("scope")["choices"] == choices[1:]


def test_words_and_classifier_together_are_surer_than_either(reader):
    _, signals = read(reader, "I want to cancel", ("cancel_subscription", 0.8))
    assert signals["cancellation"] == {
        "name": "cancellation",
        "kind": "wish",
        "score": 0.98,
        "evidence": [
            {"signal": "wording", "text": "I want to cancel", "weight": 0.9},
            {"signal": "classifier", "text": "cancel_subscription", "weight": 0.8},
        ],
    }


def test_no_calm_message_is_frustrated_and_most_angry_ones_are(reader):
    said = {
        (kind, text): combined(reader._renewed.reader.frustration.read(reader._renewed.reader.tokens(text)))
        for kind, text in held_out("frustration.yml")
    }
    assert [text for (kind, text), score in said.items() if kind == "calm" and score >= FRUSTRATED] == []
    caught = [text for (kind, text), score in said.items() if kind == "frustrated" and score >= FRUSTRATED]
    assert len(caught) >= 13


@pytest.mark.parametrize(
    ("text", "signal", "words"),
    [
        ("your answers are useless", "wording", "useless"),
        ("WHERE IS MY INVOICE", "capitals", "WHERE IS MY INVOICE"),
        ("why?!?!", "punctuation", "?!?!"),
        ("well…… why!!", "punctuation", "!!"),
        ("no no no", "repetition", "no no no"),
        ("whyyyy", "stretched", "whyyyy"),
        ("great 😡", "signs", "😡"),
    ],
)
def test_evidence_is_in_the_customers_own_words(reader, text, signal, words):
    evidence = reader._renewed.reader.frustration.read(reader._renewed.reader.tokens(text))
    assert (signal, words) in [(one.signal, one.text) for one in evidence]


@pytest.mark.parametrize(
    "text", ["set up SSO with SAML, SCIM and an API", "thanks!", "I am not angry at all", "never frustrated", "no", ""]
)
def test_abbreviations_one_exclamation_mark_and_what_is_denied_say_nothing(reader, text):
    assert reader._renewed.reader.frustration.read(reader._renewed.reader.tokens(text)) == []


def test_asking_the_same_again_is_frustration_that_grows(reader):
    earlier = ["hi", "where can I find my invoices?"]
    once = with_repetition([], "where can i find my invoices", earlier)
    twice = with_repetition([], "Where can I find my invoices??", [*earlier, earlier[1]])
    assert once[0]["evidence"] == [
        {"signal": "repetition", "text": "asked 2 times: where can i find my invoices", "weight": 0.4}
    ]
    assert twice[0]["score"] == 0.6
    assert with_repetition([], "how do I add a guest to a project", earlier) == []
    assert with_repetition([], "yes please", ["yes please"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "cancel " * 3000,
        "don't " * 3000,
        "!" * 9000,
        "a" * 20000,
        "A B C " * 4000,
        "\x00",
        "\ud83d no",
        "🤬" * 5000,
        "\n\n",
    ],
)
def test_hostile_text_is_read(reader, text):
    _, signals = read(reader, text)
    assert all(0 <= one["score"] <= 1 for one in signals.values())


@pytest.mark.parametrize(
    "text",
    [
        "I'm SO angry... why?!",
        "",
        "  \n a\n\nb ",
        "don\u2019t can\u2018t",
        "e-mail: a@b.co, \u0130stanbul \u01c5 \ud800 \U0001f621\U0001f621",
    ],
)
def test_the_tokens_are_those_of_spacys_document(text):
    tokens = WordTokenizer(spacy.blank("en").vocab)(text)
    assert tokens.texts == [token.text for token in tokens.doc]
    assert tokens.words == [token.lower_ for token in tokens.doc]
    for place in range(len(tokens.texts)):
        assert tokens.written(place, place + 1) == written(tokens.doc[place : place + 1])["text"]


def test_a_phrase_matches_endings_alternatives_and_up_to_three_words_between():
    tokens = WordTokenizer(spacy.blank("en").vocab)
    phrases = Phrases(tokens.vocab, ["waste of … time", "cancel* plan|account", "can't wait"])
    found = [
        span.text
        for span in phrases.find(tokens("a waste of my precious free time, cancelling account. I can\u2019t wait"))
    ]
    assert found == ["waste of my precious free time", "cancelling account", "can't wait"]


def test_words_that_are_not_in_the_form_are_refused_by_name(tmp_path):
    (tmp_path / "signals.yml").write_text("frustration: {}\n")
    config = {**SignalReader.get_default_config(), "rules": str(tmp_path / "signals.yml")}
    with pytest.raises(InvalidConfigException, match=r"signals\.yml are not right"):
        SignalReader.create(config, None, None, None)
    with pytest.raises(InvalidConfigException, match="cannot be read"):
        SignalReader.create({**config, "rules": str(tmp_path / "nowhere.yml")}, None, None, None)


def test_signals_reach_the_parse_data_of_a_trained_assistant(understand):
    signals = {one["name"]: one for one in understand("this is ridiculous, I am fed up")["signals"]}
    assert [one["text"] for one in signals["frustration"]["evidence"]] == ["fed up", "ridiculous"]


@pytest.mark.parametrize("component", [SignalReader, EntityReader])
def test_a_changed_file_of_words_trains_anew_whether_rasa_hands_in_the_defaults_or_not(component, tmp_path):
    shipped = component.fingerprint_addon({})
    assert shipped == component.fingerprint_addon(component.get_default_config()) is not None
    (tmp_path / "other.yml").write_text("names: {}")
    assert (
        component.fingerprint_addon({"rules": str(tmp_path / "other.yml"), "names": str(tmp_path / "other.yml")})
        != shipped
    )


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [
        ("for 2 months", 0.55, False),
        ("nobody in my team gets emails from you", 0.55, False),
        ("are you always like this", 0.7, True),
        ("this is ridiculous", 0.51, True),
        ("NOTHING HERE WORKS", 0.51, True),
        ("your app sucks!!", 0.51, True),
    ],
)
def test_what_only_a_hesitant_classifier_takes_for_anger_is_none(reader, text, confidence, kept):
    message, _ = read(reader, text, ("frustration", confidence), ("notifications", 0.33))
    assert message.get(INTENT)["name"] == ("frustration" if kept else "nlu_fallback")
