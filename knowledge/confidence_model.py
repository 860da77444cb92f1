"""What `python -m knowledge.learning` learned. Made by it; do not edit."""

from __future__ import annotations

THRESHOLD = 0.48
WITH_MEANING = {"intercept": -4.018, "cosine": 3.953, "coverage": 0.703, "lead": 7.014}
WORDS_ALONE = {"intercept": -1.715, "coverage": 1.297, "lead": 11.833}
