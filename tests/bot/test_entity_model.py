"""The model that finds names no rule lists, and what stays the rules' own."""

import random
import re
from pathlib import Path

import numpy as np
import pytest
import spacy
import yaml
from rasa.shared.exceptions import InvalidConfigException
from served import PROJECT
from spacy.matcher import Matcher
from spacy.tokens import Doc

from bot.entities import LEARNED_NAME, NAMES, EntityReader
from bot.entity_patterns import may_be_a_name, normalise, patterns
from bot.entity_serving import ServedVectors, serve
from bot.entity_shapes import NameShapes, is_no_name, trimmed
from bot.entity_training import made_sentences, shapes_of, train_model
from bot.required_words import RequiredWords


@pytest.fixture(scope="module")
def extract(agent):
    nodes = agent.processor.graph_runner._instantiated_nodes.values()
    return next(node._component for node in nodes if isinstance(node._component, EntityReader)).extract


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("connect Qualora to my workspace", "product", "Qualora"),
        ("my name is Beatriz Almeida", "person", "Beatriz Almeida"),
        ("i work for Meridian Textiles", "company", "Meridian Textiles"),
        ("upgrade to the bussines plan", "plan", "business"),
    ],
)
def test_names_that_no_rule_lists_are_found_after_a_round_through_the_archive(extract, text, entity, value):
    assert (entity, value) in [(one["entity"], one["value"]) for one in extract(text)]


@pytest.mark.parametrize(
    "text",
    [
        "how do i add a teammate?",
        "got married, need my surname changed",
        "what is the capital of peru",
        "wich plan do i need",
    ],
)
def test_a_common_word_in_small_letters_is_no_name(extract, text):
    assert [one["value"] for one in extract(text) if one["extractor"] == LEARNED_NAME] == []


@pytest.mark.parametrize(("text", "name"), [("my name is george", "george"), ("I am George Miller", "George Miller")])
def test_a_common_word_that_is_introduced_or_written_large_may_be_one(extract, text, name):
    assert [one["value"] for one in extract(text)] == [name]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("wher is my invoice", {"wher"}),
        ("Wher is my invoice", {"wher"}),
        ("plese canel my plna", {"plese", "canel", "plna"}),
    ],
)
def test_another_word_mistyped_is_as_little_a_name_as_a_common_one(extract, text, wrong):
    assert [one["value"] for one in extract(text, wrong) if one["extractor"] == LEARNED_NAME] == []


def test_a_name_that_is_introduced_is_one_though_it_is_near_a_word(extract):
    assert [one["value"] for one in extract("my name is planna", {"planna"})] == ["planna"]
    assert "Planna Meier" in [one["value"] for one in extract("this is Planna Meier", {"planna"})]


def test_rules_win_where_both_see_something(extract):
    found = extract("connect google  drive to INV-2041")
    assert [(one["entity"], one["value"]) for one in found] == [("product", "Google Drive"), ("invoice", "INV-2041")]


@pytest.mark.parametrize(
    "text", ["", " ", "where are my invoices", "WHERE ARE MY INVOICES", "\ud83d", "🤷" * 900, "x" * 30000, "\x00\x01"]
)
def test_any_text_is_read_and_plain_words_are_no_names(extract, text):
    assert all(text[one["start"] : one["end"]].strip() for one in extract(text))


def test_served_and_trained_layers_read_a_word_alike():
    model = train_model(made_sentences(NAMES)[::20], 1)
    parser = model.pipeline.get_pipe("ner").model
    docs = [
        model.pipeline.make_doc(text) for text in ("Is Qualora down? ask Beatriz", "ok", "  \n", "İ 🤷 a-b/c qualora")
    ]
    trained = parser.layers[0].predict(docs)
    serve(parser)
    assert np.allclose(parser.layers[0].predict(docs), trained, atol=1e-5)
    assert np.allclose(parser.layers[0].predict(docs), trained, atol=1e-5)  # with every word known by now
    with pytest.raises(RuntimeError, match="not trained"):
        parser.layers[0](docs, True)[1](trained)


def test_a_word_that_is_remembered_keeps_no_more_than_itself():
    model = train_model(made_sentences(NAMES)[::20], 1)
    vectors = ServedVectors(model.pipeline.get_pipe("ner").model.layers[0].layers[0])
    vectors(model.pipeline.make_doc("one long message of a customer " * 20))
    assert all(vector.base is None for vector in vectors._words.values())


def test_no_rule_is_left_out_for_the_lack_of_a_word():
    vocab = spacy.blank("en").vocab
    written = [rule["pattern"] for rule in patterns()]
    required = RequiredWords(vocab, written)
    matcher = Matcher(vocab)
    matcher.add("rule", written)
    words = [
        "to",
        "from",
        "the",
        "starter",
        "Enterprise",
        "plan",
        "error",
        "502",
        "ERR_402",
        "INV-2041",
        "$",
        "20",
        "eur",
        "may",
    ]
    words += ["3rd", "of", "2024", "last", "week", "a@b.co", "x.io", "-", "#", "no"]
    dice = random.Random(9)
    possible = matched = 0
    for _ in range(800):
        chosen = dice.choices(words, k=dice.randint(0, 4))
        found = bool(matcher(Doc(vocab, words=chosen)))
        assert required.among(chosen) or not found, chosen
        possible += required.among(chosen)
        matched += found
    assert 100 < matched <= possible < 800
    assert RequiredWords(vocab, [[{"LOWER": "x", "OP": "?"}]]).among(["y"])


@pytest.mark.parametrize(
    "text",
    [
        "my name is <b>Bartholomew</b> <script>alert(1)</script> " + "x" * 60,
        "my name is > " + "xy" * 40,
        "please add aaaaaaaaa to our workspace",
        "my name is {{7*7}} and i need help",
    ],
)
def test_junk_in_a_names_place_is_no_name(extract, text):
    assert [one for one in extract(text) if one["entity"] in {"person", "company"}] == []


def test_names_as_people_write_them_may_be_names():
    for name in (
        "Anne-Marie O’Neill",
        "Dr. J. R. Müller",
        "李 小龙",
        "AT&T",
        "The Royal Bank of Scotland",
        "C++ Builders",
    ):
        assert may_be_a_name(name), name


def test_a_plan_that_is_misspelt_is_mended_and_an_unknown_one_kept():
    assert normalise("plan", "Bussiness plan") == "business"
    assert normalise("plan", "entreprise") == "enterprise"
    assert normalise("plan", "Gold") == "gold"


def test_sentences_are_the_same_at_every_training_and_mark_their_names():
    made = made_sentences(NAMES)
    assert made == made_sentences(NAMES)
    assert all(text[start:end].strip() == text[start:end] != "" for text, spans in made for start, end, _ in spans)
    assert {kind for _, spans in made for *_, kind in spans} == {"product", "plan", "person", "company"}


def test_without_names_there_is_no_model():
    assert train_model([], 1) is None


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("names: {product: [A]}\nsentences: ['use {tool}']", "{tool}"),
        ("names: {person: [Kim]}\nsentences: ['{person} here']", "parts of names called given"),
        ("names: {colour: [red]}\nsentences: [x]", "colour is none of"),
        ("sentences: [x]", "names"),
        ("- x", "not right"),
        ("names: [", "not right"),
    ],
)
def test_names_that_are_not_in_the_form_are_refused_in_words(tmp_path: Path, content, wrong):
    path = tmp_path / "names.yml"
    path.write_text(content)
    with pytest.raises(InvalidConfigException, match=wrong.replace("{", r"\{").replace("}", r"\}")):
        made_sentences(path)


@pytest.mark.parametrize("file", ["entities.yml", "entities_development.yml"])
def test_no_sentence_and_no_name_of_the_messages_to_measure_on_is_learned_from(file):
    """A set that was learned from measures memory: eleven of its sentences once stood among the patterns."""
    marked = re.compile(r"\[([^\]]+)\](?:\((\w+)\)|\{[^}]*\"entity\": \"(\w+)\"[^}]*\})")
    held_out = yaml.safe_load((Path(__file__).parent / "data" / file).read_text(encoding="utf-8"))["messages"]
    learned = yaml.safe_load(NAMES.read_text(encoding="utf-8"))
    annotated = [
        line.strip().removeprefix("- ")
        for file in sorted((PROJECT / "data" / "nlu").glob("*.yml"))
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
        for line in block.get("examples", "").splitlines()
    ]

    def frame(line):
        return " ".join(re.findall(r"[\w'{}]+", marked.sub(lambda m: f"{{{m[2] or m[3]}}}", line).lower()))

    frames = {frame(line) for line in [*map(str, learned["sentences"]), *annotated]}
    assert [line for line in held_out if frame(line) in frames] == []
    names = {str(name).lower() for listed in learned["names"].values() for name in listed}
    names |= {found[1].lower() for line in annotated for found in marked.finditer(line)}
    assert [found[1] for line in held_out for found in marked.finditer(line) if found[1].lower() in names] == []
    of_people = {str(part).lower() for kind in ("given", "family") for part in learned["parts"][kind]}
    people = [found[1] for line in held_out for found in marked.finditer(line) if found[2] == "person"]
    assert [name for name in people if of_people & set(name.lower().split())] == []


SHAPES = NameShapes(
    frozenset({"Dr.", "Mrs"}), frozenset({"Works", "Council", "Analytics"}), frozenset({"GmbH", "AS", "Sons"})
)


@pytest.mark.parametrize(
    ("name", "guessed", "kind"),
    [
        ("Wexley County Council", "person", "company"),
        ("Orrin Steelworks", "person", "company"),
        ("orrin bau gmbh", "product", "company"),
        ("Fisk & Sons", "person", "company"),
        ("Norvik AS", "person", "company"),
        ("kim as", "person", "person"),
        ("Orrin Analytics", "product", "product"),
        ("Dr. Orrin Council", "person", "person"),
        ("Mrs Orrin", "company", "person"),
        ("Council", "person", "person"),
        ("Works", "plan", "plan"),
    ],
)
def test_a_trade_a_legal_form_or_a_title_tells_of_what_kind_a_name_is(name, guessed, kind):
    assert SHAPES.kind_of(name, guessed) == kind


def test_the_shipped_words_tell_of_what_kind_a_name_is():
    shapes = shapes_of(NAMES)
    assert {"Dr.", "Frau"} <= shapes.titles
    assert {"School", "Logistics"} <= shapes.trades
    assert {"GmbH", "Sons", "o.o."} <= shapes.forms


@pytest.mark.parametrize(
    ("text", "kind", "is_none"),
    [
        ("Thursday", "product", True),
        ("Sir", "person", True),
        ("wich", "plan", True),
        ("wihch", "plan", True),
        ("yuor", "plan", True),
        ("busness", "plan", False),
        ("platinum", "plan", False),
        ("max", "plan", False),
        ("copmuter", "product", True),
        ("recieve", "person", True),
        ("Recieve", "person", False),
        ("computer", "person", False),  # a common word that something introduces
        ("airtabel", "product", False),
    ],
)
def test_a_word_that_is_only_mistyped_is_no_name(text, kind, is_none):
    assert is_no_name(text, kind, frozenset({"computer", "receive", "which"})) is is_none


@pytest.mark.parametrize(
    ("text", "start", "end", "name"),
    [
        ("can Dr. Orrin Pohl have access", 1, 5, "Dr. Orrin Pohl"),
        ("my Orrin", 0, 2, "Orrin"),
        ("von Arnim wrote", 0, 2, "von Arnim"),
        ("Orrin von Arnim", 0, 3, "Orrin von Arnim"),
        ("orrin have", 0, 2, "orrin have"),
    ],
)
def test_a_common_word_beside_a_name_in_capitals_is_no_part_of_it(text, start, end, name):
    assert trimmed(spacy.blank("en")(text)[start:end], {"have", "my", "von"}).text == name
