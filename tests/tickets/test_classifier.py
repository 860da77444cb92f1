"""The trained head: what it learns, how sure it is, how it is kept, and what it makes of bad examples."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.embedding import Vectors
from core.errors import ConfigurationError, Invalid
from tickets import learning
from tickets.classifier import EXPERTS, Classifier, parts_of, softened
from tickets.examples import read_examples, read_folder
from tickets.features import association, counts, vocabulary_of, weighted
from tickets.learning import learn
from tickets.vocabulary import CATEGORIES

BILLING = [
    "I was charged twice", "where is my invoice", "refund the payment", "the card was declined", "invoice has a wrong VAT number",
    "charged after the refund", "payment failed again", "send the invoice to finance",
]  # fmt: skip
SIGN_IN = [
    "I forgot my password", "cannot log in", "the login page loops", "password reset never arrives", "locked out of the login",
    "two-factor code is wrong", "login says wrong password", "reset my password please",
]  # fmt: skip
TEXTS = BILLING + SIGN_IN
LABELS = ["billing"] * len(BILLING) + ["sign-in"] * len(SIGN_IN)


class WordsEncoder:
    """Places each word on an axis by its hash. Implements `Encoder`."""

    dimensions = 16

    def __init__(self, model_id: str = "words-1") -> None:
        self.model_id = model_id

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), self.dimensions), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[zlib.crc32(word.encode()) % self.dimensions] += 1.0
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


ENCODER = WordsEncoder()


@pytest.fixture(scope="module")
def head() -> Classifier:
    return learn(TEXTS, LABELS, ENCODER)


def test_a_head_names_the_category_of_a_new_text_and_the_words_that_told(head: Classifier) -> None:
    reading = head.read("they charged my card, I want a refund")
    assert reading.category == "billing"
    assert 0.5 < reading.confidence <= 1
    assert "refund" in reading.words
    assert head.read("please reset the password").category == "sign-in"


def test_no_part_of_an_address_or_contraction_and_no_small_word_is_shown_as_a_reason() -> None:
    texts = [f"can't pay at https://pay.acme.com/x since {n}, a refund?" for n in range(12)]
    texts += [f"my board is slow on {n} projects" for n in range(12)]
    shown = learn(texts, ["billing"] * 12 + ["projects"] * 12, ENCODER).read(texts[0]).words
    assert "refund" in " ".join(shown)
    assert not {"acme", "com", "https", "x", "t", "since"} & {word for term in shown for word in term.split()}


def test_the_same_examples_make_the_same_head(head: Classifier) -> None:
    assert learn(TEXTS, LABELS, ENCODER).model_id == head.model_id
    assert learn(TEXTS[:-1], LABELS[:-1], ENCODER).model_id != head.model_id


def test_a_text_without_a_word_gets_the_shares_of_the_categories(head: Classifier) -> None:
    assert head.read("").confidence == pytest.approx(0.5)
    assert head.read(" \n…🌲").confidence == pytest.approx(0.5)
    assert head.probabilities([]).shape == (0, 2)


@pytest.mark.parametrize("text", ["x" * 200_000, "charged " * 20_000, "🌲" * 900, "\x00", "ünknöwn wörds önly"])
def test_any_text_is_read(head: Classifier, text: str) -> None:
    assert 0 < head.read(text).confidence <= 1


def test_a_text_has_the_same_probabilities_alone_as_among_others(head: Classifier) -> None:
    together = head.probabilities(TEXTS)
    assert np.allclose(together[3], head.probabilities([TEXTS[3]])[0], atol=1e-6)
    assert np.allclose(together.sum(axis=1), 1.0)


def test_what_the_rules_say_counts_as_much_as_it_was_worth_among_the_examples() -> None:
    knowing = learn(
        TEXTS, LABELS, ENCODER, shares_of=lambda text: {"billing": 0.9} if text in BILLING else {"sign-in": 0.9}
    )
    unclear = "please have a look at this"
    assert knowing.read(unclear, {"billing": 0.9}).category == "billing"
    assert knowing.read(unclear, {"sign-in": 0.9}).category == "sign-in"
    assert knowing.read(unclear, {"no category": 0.9}) == knowing.read(unclear, {})


def test_a_head_keeps_the_vectors_of_so_many_tickets_at_most_of_every_category(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_NEIGHBOURS", 6)
    experts = learn(TEXTS, LABELS, ENCODER).experts
    assert experts.neighbours.shape == (len(experts.neighbour_labels), ENCODER.dimensions)
    assert len(experts.neighbour_labels) <= 6
    assert set(experts.neighbour_labels.tolist()) == {0, 1}


def test_the_nearest_tickets_tell_the_category_where_weights_do_not(head: Classifier) -> None:
    blank = replace(
        head.experts, mixed=head.experts.mixed * 0, plain=head.experts.plain * 0, meaning=head.experts.meaning * 0
    )
    scores = blank.scores(parts_of(["I was charged twice"], head.terms, head.beginnings, ENCODER))
    assert np.allclose(scores[:3], 0.0)
    assert scores[3, 0, 0] > scores[3, 0, 1]


def test_a_set_that_is_wrong_more_often_than_it_says_is_taken_with_more_caution() -> None:
    dice = np.random.default_rng(0)
    labels = dice.integers(0, 3, 400)
    scores = np.tile(6.0 * np.eye(3)[labels], (EXPERTS, 1, 1))
    misled = dice.random(400) < 0.1
    scores[:, misled] = scores[:, misled][:, :, [1, 2, 0]]
    honest = learning._likeliest_caution(scores[0], labels)
    assert honest > learning._likeliest_caution(6.0 * np.eye(3)[labels], labels)
    sure = softened(scores[0], honest).max(axis=1)
    assert sure.mean() == pytest.approx((~misled).mean(), abs=0.02), "the likeliest caution says what is so"


def test_a_small_set_is_taken_with_more_caution_than_a_large_one_that_looks_the_same() -> None:
    labels = np.tile([0, 1], 400)
    scores = np.tile(2.0 * np.eye(2)[labels], (EXPERTS, 1, 1))
    scores[:, ::20] *= -1
    small, large = (learning._learn_caution(scores[:, :many], None, labels[:many]) for many in (40, 800))
    assert small > large


def test_contradicting_labels_make_a_head_less_sure() -> None:
    noisy = learn(TEXTS + TEXTS, LABELS + LABELS[::-1], ENCODER)
    assert noisy.read("invoice").confidence < 0.65


def test_a_category_with_one_example_does_not_stop_the_others() -> None:
    head = learn([*TEXTS, "the office has no coffee"], [*LABELS, "other"], ENCODER)
    assert head.categories == ("billing", "other", "sign-in")
    assert head.read("send an invoice").category == "billing"


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [
        ([], [], "no examples"),
        (["help"], ["billing"], "1 example of billing"),
        (BILLING, LABELS[: len(BILLING)], "8 examples of billing"),
        (["a", "b", "  "], ["billing", "sign-in", "sign-in"], "2 examples of billing, sign-in"),
    ],
)
def test_too_few_examples_are_refused_in_words(texts: list[str], labels: list[str], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        learn(texts, labels, ENCODER)


def test_a_head_that_was_kept_says_the_same(head: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "triage" / "head.npz"
    head.save(path)
    head.save(path)
    kept = Classifier.load(path, ENCODER)
    assert kept.model_id == head.model_id
    assert kept.read("charged twice") == head.read("charged twice")
    assert [one.name for one in path.parent.iterdir()] == ["head.npz"]


def test_a_head_of_another_encoder_or_a_broken_file_is_refused_in_words(head: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    head.save(path)
    with pytest.raises(ConfigurationError, match="another sentence encoder. Run baton train"):
        Classifier.load(path, WordsEncoder("words-2"))
    np.savez(path, described=np.array([{"pickled": "object"}], dtype=object), allow_pickle=True)
    with pytest.raises(ConfigurationError, match="no readable triage head"):
        Classifier.load(path, ENCODER)
    for content in (b"", b"PK\x03\x04 cut", b"nonsense"):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="no readable triage head"):
            Classifier.load(path, ENCODER)


def test_a_term_that_tells_the_label_weighs_more_than_one_that_is_everywhere() -> None:
    texts = ["the card", "the card", "the login", "the login"]
    terms = vocabulary_of(texts, at_least=2, beginning=False)
    rows = counts(texts, terms, beginning=False)
    weights = association(rows, np.array([0, 0, 1, 1]))
    assert weights[terms["card"]] > 10 * weights[terms["the"]]
    assert np.allclose(np.sqrt(weighted(rows, weights).multiply(weighted(rows, weights)).sum(axis=1)), 1.0)


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_examples_are_read_from_csv_and_yaml_with_their_lines(tmp_path: Path) -> None:
    table = written(tmp_path, "a.csv", '\ufeffCategory,text\r\nbilling,"charged\ntwice"\r\nsign-in,locked out\r\n')
    examples, problems = read_examples(table)
    assert [(one.text, one.category, one.where) for one in examples] == [
        ("charged\ntwice", "billing", f"{table}:2"),
        ("locked out", "sign-in", f"{table}:4"),
    ]
    exported = written(tmp_path, "c.csv", "id,text,priority,category\n7,locked out,high,sign-in\n")
    assert [(one.text, one.category) for one in read_examples(exported)[0]] == [("locked out", "sign-in")]
    listed = written(tmp_path, "b.yml", "billing:\n  - charged twice\n  - 'no: refund'\n")
    assert [one.where for one in read_examples(listed)[0]] == [f"{listed}:2", f"{listed}:3"]
    assert problems == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.csv",
            "text,label\nx,y\n",
            ":1: the columns text and category must be there once each; these are text, label.",
        ),
        ("a.csv", "", ":1: the columns text and category must be there once each; these are none."),
        (
            "a.csv",
            "text,text,category\n",
            ":1: the columns text and category must be there once each; these are text, text, category.",
        ),
        ("a.csv", "text,category\nx\n", ":2: 1 fields where 2 are needed."),
        ("a.csv", "id,text,category\n1,x\n", ":2: 2 fields where 3 are needed."),
        ("a.yml", "a: " + "[" * 2_000 + "]" * 2_000, ":1: this is nested too deeply."),
        ("a.csv", "text,category\nok,billing\n\xff".encode("latin-1"), ":3: this is not UTF-8."),
        ("a.csv", 'text,category\n"never ends,billing\n', ":2: "),
        ("a.csv", "text,category\nx,\n", ":2: this ticket has no category."),
        ("a.csv", "text,category\n ,billing\n", ":2: this ticket has no text."),
        ("a.csv", "text,category\na\x00b,billing\n", ":2: there is a NUL byte in it"),
        ("a.csv", "text,category\nx,weather\n", ":2: 'weather' is no category; there are account, "),
        (
            "a.csv",
            "text,category\nHelp me,billing\nhelp  me,other\n",
            ":3: the same text is other here and billing in ",
        ),
        ("a.yml", "billing:\n  - [a, b]\n", ":2: this is no text"),
        ("a.yml", "billing: x\n", ":1: a category needs a list"),
        ("a.yml", "- x\n", ":1: categories with lists"),
        ("a.yml", "billing:\n  - 'a' b\n", ":2: this is no YAML"),
        ("a.yml", "billing:\n  - a\x00b\n", ":2: this is no YAML"),
    ],
)
def test_a_labelled_file_that_is_not_right_is_named_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(ConfigurationError) as refusal:
        read_folder(tmp_path, CATEGORIES)
    assert refusal.value.message.startswith(f"{path}{said}")


def test_a_text_under_two_categories_in_two_files_is_named_with_both_places(tmp_path: Path) -> None:
    first = written(tmp_path, "a.csv", "text,category\nwhere is it,billing\n")
    second = written(tmp_path, "b.yml", "other:\n  - Where is it\n")
    with pytest.raises(ConfigurationError) as refusal:
        read_folder(tmp_path, CATEGORIES)
    assert str(refusal.value) == (
        f"{second}:2: the same text is other here and billing in {first}:2. Keep one of them."
    )


def test_what_can_be_used_of_a_faulty_file_is_there_for_who_wants_it(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "text,category\nx,\na\x00b,billing\n,billing\nab,other\n")
    examples, problems = read_examples(path)
    assert [(one.text, one.category) for one in examples] == [("ab", "billing"), ("", "billing"), ("ab", "other")]
    assert len(problems) == 4


def test_the_labelled_tickets_that_baton_comes_with_are_right_and_cover_every_category() -> None:
    examples = read_folder(Path(__file__).parents[2] / "data" / "tickets", CATEGORIES)
    many = {category: sum(one.category == category for one in examples) for category in CATEGORIES}
    assert min(many.values()) >= 25
