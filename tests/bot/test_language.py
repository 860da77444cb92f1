"""Messages that no intent was trained on: in another language, or without a word."""

import sys

import pytest
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.language import LanguageGate, _stop_words
from bot.language_model import LanguageModel
from bot.wordless import NO_WORDS, WordlessReader


class Nowhere:
    """A model storage that keeps nothing beyond the test."""

    def __init__(self, folder):
        self._folder = folder

    def write_to(self, _resource):
        return self

    def __enter__(self):
        return self._folder

    def __exit__(self, *_raised):
        return None


def _trained(component, config, folder, examples):
    made = component.create({**component.get_default_config(), **config}, Nowhere(folder), None, None)
    messages = [Message.build(text, intent) for intent, texts in examples.items() for text in texts]
    made.train(TrainingData(messages))
    return made


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    english = [
        "how do i cancel my plan", "where are my invoices", "i want to talk to a person", "the app does not load on my phone",
        "can i change my password", "connect slack to a project", "is there a csv export", "my card was declined",
    ]  # fmt: skip
    return _trained(LanguageGate, {}, tmp_path_factory.mktemp("gate"), {"any": english})


@pytest.mark.parametrize(
    ("text", "code"), [("no me ayuda", "es"), ("das war es nicht", "de"), ("no puedo entrar", "es")]
)
def test_words_that_both_languages_have_speak_for_neither(tmp_path, text, code):
    english = ["no thanks", "tell me more", "was it me", "let me in", "die hard", "is there an app", "how do I export"]
    trained = _trained(LanguageGate, {}, tmp_path, {"any": english})
    assert trained.recognise(text).code == code
    assert trained.recognise("no, tell me more") is None


def test_a_greeting_is_in_its_language_though_it_is_one_word(tmp_path):
    greetings = {"es": "hola, buenas, hola buenas", "de": "hallo, guten tag"}
    trained = _trained(
        LanguageGate, {"greetings": greetings}, tmp_path, {"any": ["hello there", "where are my invoices"]}
    )
    assert [trained.recognise(text).code for text in ("hola", "Hola!", "hallo", "guten tag")] == [
        "es",
        "es",
        "de",
        "de",
    ]
    assert trained.recognise("hola invoices") is None
    assert trained.recognise("hello") is None


def test_a_greeting_in_a_language_of_the_examples_is_not_foreign(tmp_path):
    examples = [
        "where are my invoices",
        "how do I export data",
        "no puedo entrar en mi cuenta",
        "quiero ver mis facturas",
    ]
    trained = _trained(LanguageGate, {"greetings": {"es": "hola", "de": "hallo"}}, tmp_path, {"any": examples})
    assert trained.recognise("hola") is None
    assert trained.recognise("hallo").code == "de"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("wie kann ich mein passwort zurücksetzen", "de"),
        ("je veux annuler mon abonnement", "fr"),
        ("¿cómo cambio mi contraseña?", "es"),
        ("quero cancelar a minha assinatura", "pt"),
        ("non riesco ad accedere al mio account", "it"),
        ("waar vind ik mijn facturen", "nl"),
        ("nie mogę się zalogować", "pl"),
        ("хочу отменить подписку", "ru"),
        ("我想取消订阅", "zh"),
        ("パスワードを変更したいです", "ja"),
        ("비밀번호를 어떻게 바꾸나요", "ko"),
        ("كيف أغير كلمة المرور", "ar"),
    ],
)
def test_another_language_is_named(gate, text, code):
    assert gate.recognise(text).code == code


@pytest.mark.parametrize(
    "text",
    [
        "Microsoft Teams integration", "connect slack", "ok", "nope", "asdkjh qwe", "nada",
        "INV-2041", "https://exemple.fr/mon-compte?langue=francais", "javascript sdk", "Grüße", "", "   ", "12345 67 8", "\ud83d",
        "how do you say 'bonjour' in french", "my name is François Müller", "λ", "the москва board does not load", "halt",
    ],
)  # fmt: skip
def test_english_names_and_scraps_are_no_other_language(gate, text):
    assert gate.recognise(text) is None


@pytest.mark.parametrize(
    "text", ["let me talk to a human", "can i change my password please", "where are my invoices from last year"]
)
def test_a_language_of_the_examples_is_named_where_the_words_tell_it(gate, text):
    assert gate.own_language(text).code == "en"


@pytest.mark.parametrize(
    "text",
    [
        "where are my invoices from last year", "eg vil gjerne snakke med eit menneske", "jeg vil gjerne snakke med et menneske",
        "kako mogu da otkažem pretplatu", "cancel abonnement please danke", "ok merci", "connect slack teams", "a",
        "كيف أغير كلمة المرور", "我想取消订阅", "wie kann ich mein passwort zurücksetzen",
    ],
)  # fmt: skip
def test_the_likeliest_language_is_the_first_of_all_guesses(text):
    model = LanguageModel()
    guesses = model.guesses(text)
    assert model.likeliest(text) == max(guesses.items(), key=lambda guess: guess[1])


@pytest.mark.parametrize(
    "text", ["human", "ok", "no", "", "???", "INV-2041", "un humano por favor", "no me ayuda", "ok gracias", "москва"]
)
def test_what_is_too_short_to_tell_or_foreign_is_no_language_of_the_examples(gate, text):
    assert gate.own_language(text) is None


def test_the_words_of_a_language_come_without_all_that_spacy_knows_of_it():
    _stop_words.cache_clear()
    assert {"je", "avec"} <= _stop_words("fr")
    assert not _stop_words("xx")
    assert "spacy.lang.fr" not in sys.modules, "it takes seconds, in which nobody is answered"


def test_an_assistant_trained_in_german_takes_english_for_another_language(tmp_path):
    german = [
        "wo finde ich meine rechnungen", "ich möchte kündigen", "wie ändere ich mein passwort", "die seite lädt nicht mehr",
    ]  # fmt: skip
    gate = _trained(LanguageGate, {}, tmp_path, {"any": german})
    assert gate.recognise("wie kann ich mein passwort zurücksetzen") is None
    assert gate.recognise("could you tell me why this keeps happening to us").code == "en"


def test_without_examples_no_language_is_another(tmp_path):
    assert _trained(LanguageGate, {}, tmp_path, {}).recognise("je veux annuler mon abonnement") is None


def test_the_intent_of_a_foreign_message_is_replaced_and_its_language_kept(understand):
    parsed = understand("je veux annuler mon abonnement s'il vous plaît")
    assert parsed["intent"]["name"] == parsed["intent_ranking"][0]["name"] == "foreign_language"
    assert [(one["entity"], one["value"]) for one in parsed["entities"]] == [("language", "fr")]
    named = understand("wie kann ich INV-2041 mit Slack verbinden")["entities"]
    assert [one["value"] for one in named] == ["INV-2041", "Slack", "de"]


def test_who_goes_on_in_english_after_another_language_is_answered_in_english(served):
    spoken = [
        ("hablar con una persona por favor", "English, please.", "es"),
        ("person", "Un momento.", None),  # one word may be of either language
        ("let me talk to a human", "One moment.", None),
    ]
    for text, reply, language in spoken:
        turn = served.turn({"conversation": "es.1", "text": text}).body
        assert [one["text"] for one in turn["replies"]] == [reply], text
        assert turn["understanding"]["language"] == language


def test_a_message_without_words_is_read_by_its_signs(tmp_path):
    signs = {"signs": {"affirm": "👍 :)", "angry": "😡", "unknown_intent": "🎉"}}
    read = _trained(WordlessReader, signs, tmp_path, {"affirm": ["yes"], "angry": ["no"]}).intent_of
    assert read("👍🏽") == read("👍👍😡") == read(" :) ") == "affirm"
    assert read("😡😡👍") == "angry"
    assert read("🎉") == read("???") == read("…") == NO_WORDS
    assert read("👍 thanks") is read("5") is read("") is None


def test_a_sign_that_is_a_word_is_refused():
    with pytest.raises(InvalidConfigException, match="'ok'"):
        WordlessReader.validate_config({"signs": {"affirm": "👍 ok"}})


def test_emoji_alone_are_not_taken_for_a_question(understand):
    assert understand("😀😀😀")["intent"]["name"] == NO_WORDS
