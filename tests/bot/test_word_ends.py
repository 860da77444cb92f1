"""Words are cut as spaCy cuts them, in steps that grow with their length and not with its square."""

import re

import pytest
import spacy

from bot.word_ends import EndSearch, look_at_ends


class Counted:
    """A pattern that counts the characters it is given."""

    def __init__(self, compiled):
        self.pattern = compiled.pattern
        self._compiled = compiled
        self.characters = 0

    def search(self, text):
        self.characters += len(text)
        return self._compiled.search(text)


@pytest.fixture
def pipeline():
    made = spacy.blank("en")
    look_at_ends(made)
    return made


@pytest.mark.parametrize(
    "text",
    [
        "I can't open it (again)!!!",
        "the file is 20km. long, see www.example.com...",
        "🚗🍕🚗 lunch 🍕" + "🍕" * 90,
        "wait" + "." * 120,
        "x" * 200 + "'s)",
        "(" * 60 + "a" + ")" * 60,
        "don’t — really?”",
    ],
)
def test_words_are_cut_as_spacy_cuts_them(pipeline, text):
    assert [one.text for one in pipeline.make_doc(text)] == [one.text for one in spacy.blank("en").make_doc(text)]


def test_twice_as_many_emoji_are_twice_the_work():
    compiled = spacy.blank("en").tokenizer.suffix_search.__self__
    worked = []
    for many in (500, 1000):
        counted, pipeline = Counted(compiled), spacy.blank("en")
        pipeline.tokenizer.suffix_search = EndSearch(counted).search
        assert len(pipeline.make_doc("🍕" * many)) == many
        worked.append(counted.characters)
    assert 0 < worked[1] <= 2.1 * worked[0]


def test_a_model_keeps_the_pattern(pipeline, tmp_path):
    pipeline.to_disk(tmp_path)
    again = spacy.blank("en").from_disk(tmp_path)
    assert again.tokenizer.suffix_search.__self__ == re.compile(pipeline.tokenizer.suffix_search.__self__.pattern)
