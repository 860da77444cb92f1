"""Where things are: the checkout, the home that is written to, and both environments."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HOME = re.compile(r"""^\s*(?:export\s+)?BATON_HOME\s*=\s*(?:"([^"]*)"|'([^']*)'|(.*?))\s*(?:\s#.*)?$""", re.MULTILINE)


def home_folder() -> Path:
    """Return where everything is written: BATON_HOME from the environment or `.env`, as the service reads it."""
    named = os.environ.get("BATON_HOME", "")
    if not named and (ROOT / ".env").is_file():
        for found in _HOME.finditer((ROOT / ".env").read_text(encoding="utf-8")):
            named = next((part for part in found.groups() if part), "")
    return Path(named).expanduser().absolute() if named else ROOT / "var"


HOME = home_folder()
STAMPS = ROOT / "var" / "stamps"
SERVICE = ROOT / ".venv"
BOT = ROOT / ".venv-rasa"
