"""A mistyped word is read as it was meant; names, numbers and rare words are left as they are."""

import json
import random

import pytest
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot import spelling
from bot.corrector import SpellingCorrector
from bot.encoder import CORRECTED, SentenceEncoderFeaturizer
from bot.spelling import LONG, Speller, mistyped

ENGLISH = {
    "account", "and", "answer", "bake", "can", "charged", "form", "from", "get", "how", "invoice", "invoices", "is", "my", "not", "of",
    "password", "refund", "subscription", "the", "to", "was", "what", "where", "why",
}  # fmt: skip
EXAMPLES = [
    "how can i get a refund",
    "why was my account charged",
    "where is the invoice of my subscription",
    "where are my invoices",
    "is the fernhill app free",
    "fernhill is slow",
    "does fernhill work with trello",
    "i forgot my pasword",
    "i need a new password",
    "the password is wrong",
    "change the password",
    "the api and the webhook",
]


@pytest.fixture(scope="module")
def speller():
    return Speller.of(EXAMPLES, ENGLISH, names=["trelo"])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (
            "i ned a refnd",
            "i ned a refund",
        ),  # "need" is in one example and no common word here: it is not what is meant
        ("whre is my invocie", "where is my invoice"),
        ("my acount was chraged", "my account was charged"),
        ("wehre is teh pasword", "where is the password"),
        ("Cancel my subscribtion", "Cancel my subscription"),
        ("is fernhil down", "is fernhill down"),
        ("Acount locked", "account locked"),
        ("WHERE IS MY ACOUNT", "WHERE IS MY account"),
        ("my acount, please", "my account, please"),
    ],
)
def test_an_unknown_word_is_read_as_the_word_it_nearly_is(speller, typed, read):
    assert speller.corrected(typed) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "where is my invoice",
        "i baked it",  # another form of a word that is known
        "refunded and refunding",
        "does it work with trello or trelo",  # an example's own name, and a word marked as a name
        "ask Acount for it",  # a name, by its capital
        "the AIP is down",
        "write to acount@fernhil.example",
        "see fernhil.example/acount and acount.txt",
        "INV-2041 and ORD8812 and acount_2",
        "it isnot's fault",
        "wont and dont and thats",  # no "want", no "that"
        "le chat est sur la table",
        "xyz qqq",
        "for",  # three letters, another vowel: too many words are as near
        "acount " * 100,
        "🤷 \ud83d \x00",
    ],
)
def test_what_is_known_or_like_nothing_stays_as_it_is(speller, text):
    assert speller.corrected(text) == text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("i forgot my pw", "i forgot my password"),
        ("My PW is wrong", "My password is wrong"),
        ("my acct, pls", "my account, pls"),  # "please" is in no example
        ("the R app and my pic", "the R app and my pic"),  # a name, and nothing that the examples speak of
        ("write to pw@fernhill.example", "write to pw@fernhill.example"),
    ],
)
def test_an_abbreviation_is_written_out_in_the_examples_words(speller, typed, read):
    assert speller.corrected(typed) == read


def test_a_word_longer_than_every_other_is_compared_with_none(speller, monkeypatch):
    monkeypatch.setattr(spelling, "_without_one", None)  # five hundred letters would make 125,000 keys of it
    assert speller.corrected("invoice" * 70) == "invoice" * 70


def test_an_examples_own_mistake_is_corrected_too_and_its_rare_words_are_not(speller):
    assert speller.corrected(EXAMPLES[7]) == "i forgot my password"
    assert speller.corrected("a webhook") == "a webhook"


def test_a_word_of_one_example_is_no_mistake_where_it_is_near_a_rare_word():
    speller = Speller.of(["sign in by openid", "i opened it"], {"opened", "sign", "in", "by", "it"})
    assert speller.corrected("openid") == "openid"
    assert speller.corrected("opned") == "opened"


def test_letters_that_are_doubled_or_swapped_are_meant_before_others():
    speller = Speller.of(
        ["hello", "i need help", "help me", "help", "an angle", "an angel", "angle"],
        {"hello", "help", "angle", "angel"},
    )
    assert [speller.corrected(typed) for typed in ("helo", "helpp", "angell", "hepl")] == [
        "hello",
        "help",
        "angel",
        "help",
    ]


def test_the_mistyped_words_of_a_text_are_those_that_it_was_corrected_of(speller):
    text = "Wehre is teh invoice of my acount"
    assert mistyped(text, speller.corrected(text)) == {"wehre", "teh", "acount"}
    assert mistyped("where is it", "where is it") == frozenset()


def test_two_mistakes_are_forgiven_in_long_words_only(speller):
    assert speller.corrected("subscrripiton") == "subscription"
    assert len("invcie") < LONG
    assert speller.corrected("invcei") == "invcei"


def test_what_is_kept_in_the_model_corrects_as_what_was_learned(speller):
    stored = Speller.from_json(json.loads(json.dumps(speller.to_json())))
    dice = random.Random(3)
    for example in EXAMPLES * 5:
        letters = list(example)
        letters.insert(dice.randrange(len(letters)), dice.choice("aeiorst"))
        typed = "".join(letters)
        assert stored.corrected(typed) == speller.corrected(typed)


def test_a_mistyped_question_is_understood_and_read_otherwise_as_it_was_typed(understand):
    parsed = understand("wher can i fidn my invocies of Qualora")
    assert parsed["text"] == "wher can i fidn my invocies of Qualora"
    assert parsed["intent"]["name"] == "invoices"
    assert parsed["scope"]["score"] > understand("wher can i fidn my nvcs of Qualora")["scope"]["score"]


def test_the_encoder_reads_the_corrected_text_whatever_vector_came_with_the_typed_one(agent):
    nodes = [node._component for node in agent.processor.graph_runner._instantiated_nodes.values()]
    corrector = next(one for one in nodes if isinstance(one, SpellingCorrector))
    featurizer = next(one for one in nodes if isinstance(one, SentenceEncoderFeaturizer))
    typed, right, clean = (Message({TEXT: text}) for text in ("my invocie", "my invoice", "my phone"))
    corrector.process([typed, right, clean])
    assert typed.get(CORRECTED) == "my invoice"
    assert right.get(CORRECTED) is clean.get(CORRECTED) is None
    featurizer.process([typed, right])
    assert (typed.features[0].features == right.features[0].features).all()


def test_clauses_are_corrected_as_messages_are(understand):
    parsed = understand("wher can i find my invocies and also is there an ap for my phnoe?")
    assert [found["name"] for found in parsed["intents"]] == ["invoices", "mobile_app"]


def test_an_encoder_with_other_words_trains_anew(tmp_path):
    def of_words(*words):
        stored = {"model": {"type": "WordPiece", "vocab": dict.fromkeys(words, 0)}}
        (tmp_path / "tokenizer.json").write_text(json.dumps(stored))
        return SpellingCorrector.fingerprint_addon({"encoder": str(tmp_path)})

    assert of_words("invoice", "refund") == of_words("invoice", "refund") != of_words("invoice")
