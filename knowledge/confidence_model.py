"""What `python -m knowledge.learning` learned. Made by it; do not edit."""

from __future__ import annotations

THRESHOLD = 0.5
WITH_MEANING = {"intercept": -4.0, "cosine": 4.0, "coverage": 1.0, "lead": 10.0}
WORDS_ALONE = {"intercept": -2.0, "coverage": 2.0, "lead": 5.0}
