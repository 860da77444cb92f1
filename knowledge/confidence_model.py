"""What `python -m knowledge.learning` learned. Made by it; do not edit."""

from __future__ import annotations

THRESHOLD = 0.42
WITH_MEANING = {"intercept": -6.932, "cosine": 9.707, "coverage": 0.243, "lead": 13.239, "about": 2.790}
WORDS_ALONE = {"intercept": -2.014, "coverage": 1.391, "lead": 12.087}
