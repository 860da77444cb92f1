"""Streaming gives what reading the whole file gives, and a broken value does not take its neighbours along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.text import mended
from knowledge.importing import json_stream
from knowledge.importing.json_stream import BrokenJsonError, stream

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(JSON, max_size=6), st.sampled_from([None, 1, 4]), st.sampled_from([1, 7, 1 << 18]), st.booleans())
def test_the_elements_are_those_of_the_list(
    tmp_path: Path, values: list[Any], indent: int | None, chunk: int, ascii_only: bool
) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps({"count": 3, "articles": values, "next": None}, indent=indent, ensure_ascii=ascii_only))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_CHUNK", chunk)
        read = list(stream(path))
    assert [one.value() for one in read if one.key == "articles" and one.listed] == mended(values)
    assert [(one.key, one.value()) for one in read if not one.listed] == [("count", 3), ("next", None)]


def test_a_value_that_is_no_json_is_named_with_its_line_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('[\n {"id": 1},\n {"id": \n  oops},\n {"id": 3}\n]')
    read = list(stream(path))
    assert [one.line for one in read] == [2, 3, 5]
    assert read[0].value() == {"id": 1}
    assert read[2].value() == {"id": 3}
    with pytest.raises(BrokenJsonError) as error:
        read[1].value()
    assert error.value.line == 4


@pytest.mark.parametrize(
    "text", ["", "   ", "hello", '{"a": [1, 2', '{"a" 1}', "[1 2]", '[{"a": "', "[1]]", "[1,,2]", '{"articles": [}]}']
)
def test_what_is_no_json_is_an_error_with_a_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(BrokenJsonError) as error:
        [one.value() for one in stream(path)]
    assert error.value.line == 1


def test_a_value_without_end_is_given_up_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "LARGEST", 1_000)
    monkeypatch.setattr(json_stream, "_CHUNK", 100)
    path = tmp_path / "file.json"
    path.write_text('["' + "x" * 100_000)
    with pytest.raises(BrokenJsonError, match="longer than"):
        list(stream(path))
