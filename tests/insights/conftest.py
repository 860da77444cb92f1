"""What the insights tests share: an encoder whose vectors are cheap and known."""

from __future__ import annotations

import pytest

from tests.knowledge.conftest import WordsEncoder


@pytest.fixture
def words_encoder() -> WordsEncoder:
    return WordsEncoder()
