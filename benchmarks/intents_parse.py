"""Has a trained model read texts, one by one, as a turn does; `benchmarks/intents.py` runs it in the bot's environment.

    .venv-rasa/bin/python benchmarks/intents_parse.py MODEL.tar.gz TEXTS.json OUT.json [--plain-rasa]

TEXTS.json is a list of strings. OUT.json gets `intents` (name and decision of each text), `seconds` of each text, and `rss_mb` (10⁶ bytes).
"""

import argparse
import asyncio
import json
import logging
import re
import time
from pathlib import Path

WARM_UP = 20


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("texts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--plain-rasa", action="store_true", help="a pipeline that needs TensorFlow")
    chosen = parser.parse_args()
    if not chosen.plain_rasa:
        from bot.launch import leave_out_tensorflow

        leave_out_tensorflow()
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)  # as a server runs; a line for each message costs as much as the message
    texts = json.loads(chosen.texts.read_text(encoding="utf-8"))
    intents, seconds = asyncio.run(read(Agent.load(chosen.model), texts))
    status = Path("/proc/self/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024 / 1e6
    found = {"intents": intents, "seconds": seconds, "rss_mb": round(resident)}
    chosen.out.write_text(json.dumps(found), encoding="utf-8")


async def read(agent, texts):
    """Read all texts, after a few in advance that are not counted."""
    for text in texts[:WARM_UP]:
        await agent.parse_message(f"{text} again")
    intents, seconds = [], []
    for text in texts:
        began = time.perf_counter()
        parsed = await agent.parse_message(text)
        seconds.append(time.perf_counter() - began)
        scope = parsed.get("scope") or {}
        intents.append(
            {
                "name": (parsed.get("intent") or {}).get("name"),
                "decision": scope.get("decision"),
                "choices": [choice["name"] for choice in scope.get("choices") or []],
            }
        )
    return intents, seconds


if __name__ == "__main__":
    main()
