"""Which messages of the conversation tests hang by a hair: another processor's int8 arithmetic, or a few more examples, may turn them.

    RASA_TELEMETRY_ENABLED=false .venv-rasa/bin/python -W ignore -m tests.bot.margins [MODEL] [--below 0.06]

Prints each message that is read otherwise than its conversation says, or whose confidence is near the next intent's or near 0.5,
the threshold. Where a message asks two things, both are meant to be sure: those are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import yaml

from bot.launch import leave_out_tensorflow

CONVERSATIONS = Path("data/tests")
ANNOTATION = re.compile(r"\[([^\]]*)\](\([^)]*\)|\{[^}]*\})")
THRESHOLD = 0.5
"""Of the confidence, from which a message is answered."""


def messages() -> Iterator[Tuple[str, str]]:
    """Yields each typed message once, with the intent that its conversation expects."""
    seen = set()
    for path in sorted(CONVERSATIONS.glob("*.yml")):
        for story in yaml.safe_load(path.read_text(encoding="utf-8"))["stories"]:
            for step in story["steps"]:
                text = ANNOTATION.sub(r"\1", str(step.get("user", ""))).strip()
                if text and not text.startswith("/") and text not in seen:
                    seen.add(text)
                    yield text, step["intent"]


def margin(parsed: Dict[str, Any], expected: str) -> float:
    """Returns how far a message is from being read otherwise; below 0 if it is already, 1 where nothing near could be meant."""
    first, *others = parsed["intent_ranking"]
    if parsed["intent"]["name"] != expected:
        return -1.0
    if parsed["scope"]["decision"] != "answer" or parsed.get("intents"):
        return 1.0
    second = others[0]["confidence"] if others else 0.0
    return float(min(first["confidence"] - second, first["confidence"] - THRESHOLD))


async def narrow(model: str, below: float) -> None:
    """Prints the messages with less room than `below`, the narrowest first."""
    from rasa.core.agent import Agent

    agent = Agent.load(model)
    found = [(margin(await agent.parse_message(text), expected), text, expected) for text, expected in messages()]
    for room, text, expected in sorted(found):
        if room < below:
            print(f"{room:6.3f}  {expected}: {text}")
    print(f"{sum(room < below for room, _, _ in found)} of {len(found)} have less room than {below}.")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="var/models/rasa/assistant.tar.gz", help="a model archive")
    parser.add_argument("--below", type=float, default=0.06, help="how much room is enough")
    chosen = parser.parse_args()
    leave_out_tensorflow()
    asyncio.run(narrow(chosen.model, chosen.below))


if __name__ == "__main__":
    main()
