"""Featurizer, gate and entities, each seen through the trained graph."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from rasa.shared.exceptions import InvalidConfigException

from bot.encoder import SentenceEncoder, SentenceEncoderFeaturizer
from bot.entities import EntityReader
from bot.gate import _never_asked
from bot.scope import Examples, confidence
from bot.threshold import Fold, HeldOut, Thresholds, Worth, choose, choose_of_talk, folds, judge, report, together


@pytest.fixture(scope="module")
def encoder(encoder_dir):
    return SentenceEncoder(
        (encoder_dir / "model.onnx").read_bytes(),
        (encoder_dir / "tokenizer.json").read_bytes(),
        max_tokens=64,
        cache_size=2,
        threads=1,
    )


@pytest.fixture(scope="module")
def extract():
    return EntityReader.create(EntityReader.get_default_config(), None, None, None).extract


def test_an_archive_works_after_its_encoder_directory_is_gone(understand):
    assert understand("could i download my invoice please")["intent"]["name"] == "invoices"


def test_vectors_have_length_one_and_keep_the_order_of_the_texts(encoder):
    texts = ["a much longer message about the invoices of last year", "hi", "is there an app"]
    together = encoder.encode(texts, batch_size=2)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert float(vector @ encoder.encode_one(text)) > 0.95


def test_the_cache_is_bounded_and_returns_the_same_vector(encoder):
    first = encoder.encode_one("one")
    assert encoder.encode_one("one") is first
    encoder.encode_one("two")
    encoder.encode_one("three")
    assert encoder.encode_one("one") is not first


@pytest.mark.parametrize("text", ["", "   ", "\ud83d broken", "😀" * 10, "word " * 5000, "\x00"])
def test_any_text_can_be_encoded(encoder, text):
    assert np.isfinite(encoder.encode_one(text)).all()


def test_threads_that_share_an_encoder_get_the_vectors_that_one_alone_gets(encoder):
    texts = [
        f"where is invoice {number % 7}" for number in range(60)
    ]  # the cache keeps two, so that all of it is at work
    alone = [encoder.encode_one(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        shared = list(threads.map(encoder.encode_one, texts))
    assert all(np.array_equal(one, other) for one, other in zip(alone, shared, strict=True))


def test_a_missing_encoder_is_named_in_the_error(monkeypatch, tmp_path):
    config = SentenceEncoderFeaturizer.get_default_config()
    monkeypatch.delenv("BATON_ENCODER_DIR", raising=False)
    with pytest.raises(InvalidConfigException, match="BATON_ENCODER_DIR"):
        SentenceEncoderFeaturizer.fingerprint_addon(config)
    with pytest.raises(InvalidConfigException, match=r"model\.onnx"):
        SentenceEncoderFeaturizer.fingerprint_addon({**config, "encoder": str(tmp_path)})


def test_a_retuned_encoder_under_the_same_path_changes_the_fingerprint(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.onnx").write_bytes(b"before")
    config = {**SentenceEncoderFeaturizer.get_default_config(), "encoder": str(tmp_path)}
    before = SentenceEncoderFeaturizer.fingerprint_addon(config)
    (tmp_path / "model.onnx").write_bytes(b"after")
    assert SentenceEncoderFeaturizer.fingerprint_addon(config) != before


def test_a_known_question_passes_the_gate_with_a_falling_ranking(understand):
    parsed = understand("where can i find my invoices")
    confidences = [guess["confidence"] for guess in parsed["intent_ranking"]]
    assert parsed["intent"]["name"] == "invoices"
    assert confidences == sorted(confidences, reverse=True)
    assert parsed["intent"]["confidence"] == confidences[0] > 0.5
    assert parsed["scope"]["score"] == pytest.approx(
        parsed["scope"]["probability"] ** 0.5 * parsed["scope"]["similarity"]
    )


@pytest.mark.parametrize(
    ("ask_threshold", "name", "decision", "choices"),
    [(0.998, "nlu_fallback", "decline", 0), (0.0, "nlu_unsure", "ask", 3)],
)
def test_a_message_held_back_keeps_its_ranking_behind_the_name_of_the_decision(
    agent, understand, monkeypatch, ask_threshold, name, decision, choices
):
    gate = next(node for node in _components(agent) if type(node).__name__ == "ScopeGate")
    line = gate._learned._replace(threshold=0.999, ask_threshold=ask_threshold)
    monkeypatch.setattr(gate, "_learned", line)
    parsed = understand("where can i find the invoices of my phone app")
    names = [guess["name"] for guess in parsed["intent_ranking"]]
    assert parsed["intent"]["name"] == names[0] == name
    assert names[1] in {"invoices", "mobile_app"}
    assert parsed["scope"]["decision"] == decision
    offered = [guess["name"] for guess in parsed["scope"]["choices"]]
    assert offered == [known for known in names[1:] if known != "out_of_scope"][:choices]


def test_a_message_that_asks_two_things_names_both_in_their_order(understand):
    parsed = understand("where can i find my invoices and also is there an app for my phone?")
    assert [found["name"] for found in parsed["intents"]] == ["invoices", "mobile_app"]
    assert parsed["intents"][0]["text"] == "where can i find my invoices"
    assert parsed["intent"]["name"] in {"invoices", "mobile_app"}
    assert parsed["scope"]["decision"] == "answer"
    ranking = parsed["intent_ranking"]
    assert ranking[0]["name"] == parsed["intent"]["name"]
    assert [one["confidence"] for one in ranking] == sorted((one["confidence"] for one in ranking), reverse=True)
    assert not {one["name"] for one in ranking} & {"nlu_unsure", "nlu_fallback"}


def test_a_confidence_of_a_half_is_the_threshold_wherever_training_put_it():
    for threshold in (0.0, 0.2, 0.7, 1.0):
        assert confidence(threshold, threshold) == 0.5
        read = [confidence(place / 10, threshold) for place in range(11)]
        assert read == sorted(read)
        assert 0.0 <= read[0] <= read[-1] <= 1.0


@pytest.mark.parametrize(
    "text",
    [
        "where can i find my invoices",
        "hi and bye",
        "send me my invoices. i need my invoices now.",
        "where are my invoices and also how many moons has jupiter",
        "where are my invoices and also is there an app " * 20,
    ],
)
def test_a_message_that_asks_one_thing_names_no_others(understand, text):
    assert "intents" not in understand(text)


def test_gibberish_is_not_taken_for_a_question(understand):
    assert understand("zxcv qqq 123 blorp")["intent"]["name"] in {"nlu_fallback", "out_of_scope"}


def test_what_is_taken_for_out_of_scope_has_no_say_in_when_to_ask():
    vectors = np.eye(2, dtype=np.float32)[[0] * 9 + [1] * 9 + [1]]
    names = np.array(["invoices"] * 9 + ["out_of_scope"] * 9 + ["invoices"])
    fold = Fold(vectors, names, known=np.arange(18), kept=np.array([0, 18]), foreign=np.array([], dtype=int))
    judged = judge(fold, c=30.0, choices=3)
    assert list(judged.inside) == [True, True]
    assert list(judged.offered) == [True, False]  # its place in the ranking is no choice: the gate declines it


def test_the_foreign_decide_within_the_bounds_of_what_may_be_lost():
    inside = np.arange(200) < 100
    scores = np.concatenate([np.linspace(0.2, 0.9, 100), np.linspace(0.1, 0.6, 100)])
    names = np.where(inside, "a", "b")
    held_out = HeldOut(scores, inside, inside, inside, names, names)
    careless, careful, bold = (choose(held_out, Worth(worth, 0.1, 0.3), examples=450) for worth in (0.01, 1.0, 9.0))
    assert [round(float((scores[:100] < chosen.answer).mean()), 2) for chosen in (careless, careful, bold)] == [
        0.15,
        0.3,
        0.3,
    ]
    between = choose(held_out, Worth(0.9, 0.1, 0.9), examples=450)
    assert 0.3 < between.answer <= 0.61
    assert all(chosen.ask <= chosen.answer for chosen in (careless, careful, bold, between))


def test_where_known_messages_are_often_taken_for_another_intent_more_is_held_back():
    inside = np.arange(300) < 200
    scores = np.concatenate([np.linspace(0.3, 0.9, 100), np.linspace(0.1, 0.6, 100), np.linspace(0.1, 0.6, 100)])
    names = np.where(inside, "a", "b")
    right = np.arange(300) < 100
    for mistaken, held_back in ((4, 0.02), (20, 0.07), (100, 0.20)):  # of 104, 120 and 200 known messages
        kept = right | ~inside | ((np.arange(300) >= 100) & (np.arange(300) < 100 + mistaken))
        held_out = HeldOut(*(column[kept] for column in (scores, inside, right, right, names, names)))
        chosen = choose(held_out, Worth(9.0, 0.1, 0.02), examples=450)
        assert (scores[:100] < chosen.answer).mean() == pytest.approx(held_back, abs=0.011)
        assert (scores[:100] < chosen.ask).mean() <= 0.011  # what is held back so is asked about


def test_an_answer_that_would_be_wrong_counts_against_a_low_threshold():
    inside, right = np.ones(40, dtype=bool), np.arange(40) < 20
    inside[-1] = False
    scores = np.concatenate([np.linspace(0.5, 0.9, 20), np.linspace(0.1, 0.45, 20)])
    names = np.full(40, "a")
    held_out = HeldOut(scores, inside, right, right, names, names)
    assert 0.4 < choose(held_out, Worth(0.001, 0.001, 0.2), examples=450).answer <= 0.6


def test_small_talk_has_a_threshold_of_its_own_where_enough_of_it_is_known():
    guesses = np.repeat(["thanks", "invoices"], 100)
    right = np.ones(200, dtype=bool)
    scores = np.concatenate([np.linspace(0.0, 1.0, 100), np.zeros(100)])
    held_out = HeldOut(scores, right, right, right, guesses, guesses)
    assert choose_of_talk(held_out, ["thanks", "greet"], loss=0.05, least=0.01) == pytest.approx(0.05)
    assert choose_of_talk(held_out, ["thanks"], loss=0.05, least=0.2) == 0.2
    few = HeldOut(*(column[80:] for column in held_out))
    assert choose_of_talk(few, ["thanks"], loss=0.05, least=0.01) == 0.01
    assert choose_of_talk(held_out, [], loss=0.05, least=0.01) == choose_of_talk(None, ["thanks"], loss=0.5, least=0.01)


def test_small_talk_below_its_own_threshold_or_put_as_a_question_is_declined(agent, understand, monkeypatch):
    gate = next(node for node in _components(agent) if type(node).__name__ == "ScopeGate")
    assert understand("good morning?")["intent"]["name"] == "greet"
    monkeypatch.setattr(gate, "_learned", gate._learned._replace(never_asked=frozenset({"greet"})))
    parsed = understand("good morning?")
    assert (parsed["intent"]["name"], parsed["scope"]["decision"]) == ("nlu_fallback", "decline")
    assert understand("good morning")["intent"]["name"] == "greet"
    monkeypatch.setattr(gate, "_learned", gate._learned._replace(talk_threshold=0.999, ask_threshold=0.0))
    held_back = understand("good morning")
    assert (held_back["intent"]["name"], held_back["scope"]["threshold"]) == ("nlu_unsure", 0.999)
    assert understand("where are my invoices")["intent"]["name"] == "invoices"


def test_which_small_talk_is_never_asked_is_read_from_enough_examples():
    texts = [*["bye"] * 20, *["how are you?"] * 20, *["thanks"] * 19]
    names = np.repeat(["goodbye", "how_are_you", "thanks"], [20, 20, 19])
    assert _never_asked(texts, names, ["goodbye", "how_are_you", "thanks"]) == {"goodbye"}
    assert _never_asked(texts, names, []) == frozenset()


def test_a_fold_judges_no_message_that_it_learned_from_and_keeps_whole_intents_away():
    vectors, names = _clusters([*"abcdef", "out_of_scope"])
    names[0] = "single"
    seen = list(folds(vectors, names, number=5, seed=1))
    assert len(seen) == 5
    for fold in seen:
        known, kept, foreign = (set(part) for part in (fold.known, fold.kept, fold.foreign))
        assert not known & kept
        assert not (known | kept) & foreign
        assert set(names[fold.kept]) <= set(names[fold.known])
        assert not set(names[fold.foreign]) & set(names[fold.known])
        assert 0 in known | foreign


def test_with_few_intents_nothing_is_foreign_and_the_loss_alone_decides():
    held_out = _judged(_clusters(["a", "b", "c"]))
    strict, loose = (choose(held_out, Worth(0.1, 0.1, loss), examples=450) for loss in (0.0, 0.2))
    assert held_out.inside.all()
    assert 0.0 < strict.ask <= strict.answer < loose.answer < 1.0
    assert loose.ask < loose.answer


def test_the_report_tells_what_was_left_out_from_what_is_none_of_these_and_as_what_it_was_answered():
    intents = np.array(["a", "a", "a", "b", "b", "out_of_scope", "out_of_scope"])
    guesses = np.array(["a", "c", "c", "a", "a", "a", "c"])
    inside = intents == "a"
    scores = np.array([0.9, 0.9, 0.5, 0.9, 0.1, 0.5, 0.9])
    held_out = HeldOut(scores, inside, intents == guesses, inside, intents, guesses)
    told = report(held_out, Thresholds(0.8, 0.4), rehearsed=False)
    assert (told["known"], told["out_of_scope"], told["left_out"]) == (3, 2, 2)
    assert (told["answered_rightly"], told["answered_wrongly"], told["asked_with_the_intent"]) == (0.3333,) * 3
    assert (told["out_of_scope_answered"], told["out_of_scope_asked"]) == (0.5, 0.5)
    assert (told["left_out_answered"], told["left_out_asked"]) == (0.5, 0.0)
    assert told["taken_for"] == {"known": [("a", "c", 1)], "left_out": [("b", "a", 1)]}


def test_more_examples_give_up_fewer_right_answers():
    held_out, worth = _judged(_clusters(list("abcdef"))), Worth(9.0, 9.0, 0.2)
    few, many = (choose(held_out, worth, examples=examples) for examples in (450, 45_000))
    assert 0.0 < many.answer < few.answer
    share = (held_out.scores[held_out.right] < few.answer).mean()
    assert 0.09 <= share <= 0.21
    rehearsed = choose(held_out, worth, examples=450, rehearsed=True)
    assert many.answer < rehearsed.answer < few.answer


def test_too_few_examples_leave_the_gate_open():
    vectors, names = _clusters(["a"])
    for size in (len(names), 1, 0):
        assert choose(_judged((vectors[:size], names[:size])), Worth(0.1, 0.1, 0.01), examples=size) == (0.0, 0.0)


def test_similarity_is_to_the_nearest_examples_of_the_intent_alone():
    known = Examples(np.eye(4, dtype=np.float32), ["a", "a", "b", "b"])
    assert known.similarity(np.eye(4)[2], "b") == pytest.approx(0.5)
    assert known.similarity(np.eye(4)[2], "a") == 0.0
    assert known.similarity(np.eye(4)[2], "unheard of") == 0.0


@pytest.mark.parametrize(
    ("text", "entity", "value", "within"),
    [
        ("please resend INV-2041 today", "invoice", "INV-2041", "INV-2041"),
        ("order #88123 is wrong", "invoice", "ORD-88123", "order #88123"),
        ("invoice no 4410", "invoice", "INV-4410", "invoice no 4410"),
        ("we are on the Business plan", "plan", "business", "Business plan"),
        ("upgrade to business please", "plan", "business", "business"),
        ("connect google  drive", "product", "Google Drive", "google  drive"),
        ("does GitHub work", "product", "GitHub", "GitHub"),
        ("write to anna@acme.org", "email", "anna@acme.org", "anna@acme.org"),
        ("see https://fernhill.example/board/4", "url", "https://fernhill.example/board/4", None),
        ("you took $1,200.50 from me", "amount", "1200.50 USD", "$1,200.50"),
        ("charged 49 eur", "amount", "49 EUR", "49 eur"),
        ("I get ERR_402 always", "error_code", "ERR_402", "ERR_402"),
        ("api gives error 429", "error_code", "429", "429"),
        ("since 3 March", "date", "3 march", "3 March"),
        ("last month's bill", "date", "last month", "last month"),
        ("on 2026-03-01 it broke", "date", "2026-03-01", "2026-03-01"),
    ],
)
def test_an_entity_is_found_and_written_one_way(extract, text, entity, value, within):
    found = [item for item in extract(text) if item["entity"] == entity]
    assert [item["value"] for item in found] == [value]
    assert text[found[0]["start"] : found[0]["end"]] == (within or value)


@pytest.mark.parametrize("text", ["is it free", "i may march on", "our business is small", "a slackening pace", ""])
def test_ordinary_words_are_no_entities(extract, text):
    assert extract(text) == []


def _clusters(intents):
    random = np.random.default_rng(7)
    vectors, names = [], []
    for place, intent in enumerate(intents):
        centre = np.zeros(8)
        centre[place] = 1.0
        for _ in range(30):
            vector = centre + random.normal(0, 0.25, 8)
            vectors.append(vector / np.linalg.norm(vector))
            names.append(intent)
    return np.array(vectors, dtype=np.float32), np.array(names, dtype="U20")


def _judged(clusters):
    return together([judge(fold, c=30.0, choices=3) for fold in folds(*clusters, number=5, seed=1)])


def _components(agent):
    return [node._component for node in agent.processor.graph_runner._instantiated_nodes.values()]
