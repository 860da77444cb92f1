"""What the browser code repeats of the service is the same there."""

from __future__ import annotations

import re

from server.settings import ROOT
from tickets.vocabulary import CATEGORIES


def test_the_desk_offers_the_categories_that_tickets_have() -> None:
    source = (ROOT / "web" / "desk" / "categories.ts").read_text(encoding="utf-8")
    listed = source.partition("CATEGORIES")[2].partition("];")[0]
    assert tuple(re.findall(r'"([a-z-]+)"', listed)) == CATEGORIES
