"""What `python -m knowledge.learning` learned. Made by it; do not edit."""

from __future__ import annotations

THRESHOLD = 0.4
WITH_MEANING = {"intercept": -7.078, "cosine": 9.973, "coverage": 0.230, "lead": 13.371, "about": 2.735}
WORDS_ALONE = {"intercept": -2.043, "coverage": 1.405, "lead": 12.244}
