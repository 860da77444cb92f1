"""What `python -m knowledge.learning` learned. Made by it; do not edit."""

from __future__ import annotations

THRESHOLD = 0.44
WITH_MEANING = {"intercept": -7.285, "cosine": 10.163, "coverage": 1.548, "lead": 13.836}
WORDS_ALONE = {"intercept": -2.063, "coverage": 1.202, "lead": 13.369}
