"""What customers write does not fill memory: a vocabulary that has taken in too many words is replaced, and nothing is read otherwise."""

import pytest
from served import PROJECT

from bot import vocabulary
from bot.entities import EntityReader
from bot.signals import SignalReader
from bot.vocabulary import Renewed


def new_words(count):
    return [f"zq{number:x}vx" for number in range(count)]


class Words:
    """A reader that keeps all that it reads, as spaCy's do."""

    def __init__(self):
        self.strings = []


def test_a_reader_is_replaced_when_its_vocabulary_is_full_and_not_before():
    before = []
    renewed = Renewed(lambda old: before.append(old) or Words(), lambda reader: reader, most_new=3)
    first = renewed.reader
    first.strings += ["a", "b", "c"]
    assert renewed.reader is first
    first.strings.append("d")
    second = renewed.reader
    assert second is not first
    assert second.strings == []
    assert renewed.reader is second
    assert before == [None, first]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(vocabulary.Renewed.__init__, "__defaults__", (200,))


def test_entities_are_read_alike_on_every_vocabulary_and_it_stays_bounded(agent, small):
    nodes = agent.processor.graph_runner._instantiated_nodes.values()
    served = next(node._component for node in nodes if isinstance(node._component, EntityReader))
    served._read_with(served._learned)
    text = "connect Qualora to my workspace, my name is Beatriz Almeida, see INV-2041 on the business plan"
    at_first, sizes, readers = served.extract(text), [], set()
    for word in new_words(900):
        served.extract(f"where is {word}")
        sizes.append(len(served._renewed.reader.pipeline.vocab.strings))
        readers.add(id(served._renewed.reader))
    assert {one["entity"] for one in at_first} == {"product", "person", "invoice", "plan"}
    assert served.extract(text) == at_first
    assert len(readers) > 2
    assert max(sizes) < sizes[0] + 230


def test_signals_are_read_alike_on_every_vocabulary_and_it_stays_bounded(small):
    rules = (PROJECT / "data" / "signals.yml").read_text(encoding="utf-8")
    reader = SignalReader(SignalReader.get_default_config(), None, None, rules)
    first = reader._renewed.reader
    base = len(first.tokens.vocab.strings)
    for word in new_words(300):
        assert reader._renewed.reader.tokens(f"this is {word}").doc
    now = reader._renewed.reader
    assert now is not first
    assert len(now.tokens.vocab.strings) < base + 230
    text = "i do not want to cancel, i am so frustrated"
    assert now.cancellation.read(now.tokens(text)).kind == first.cancellation.read(first.tokens(text)).kind == "denied"
    assert [one._asdict() for one in now.frustration.read(now.tokens(text))] == [
        one._asdict() for one in first.frustration.read(first.tokens(text))
    ]
