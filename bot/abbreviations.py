"""Writes the abbreviations of chat out: to the encoder "pw" is a word like any other, and not "password"."""

from __future__ import annotations

import re
from typing import Collection, Optional

_WORD = re.compile(r"[a-z']{3,}")
_WRITTEN_OUT = {
    "abt": "about", "acc": "account", "accs": "accounts", "acct": "account", "accts": "accounts", "acnt": "account", "addr": "address",
    "addy": "address", "amt": "amount", "appt": "appointment", "avail": "available", "biz": "business", "bday": "birthday", "cld": "could",
    "cud": "could", "cuz": "because", "coz": "because", "bcuz": "because", "dept": "department", "hrs": "hours",
    "idk": "i don't know", "lmk": "let me know", "mgmt": "management", "mgr": "manager", "mins": "minutes", "msg": "message",
    "msgs": "messages", "mtg": "meeting", "num": "number", "nums": "numbers", "nr": "number", "pic": "picture",
    "pics": "pictures", "pls": "please", "plz": "please", "plss": "please", "plzz": "please", "pmt": "payment",
    "pmts": "payments", "ppl": "people", "prob": "problem", "probs": "problems", "proj": "project", "projs": "projects", "psw": "password",
    "pswd": "password", "pw": "password", "pwd": "password", "pws": "passwords", "pymt": "payment", "qty": "quantity", "r": "are",
    "rcpt": "receipt", "rcpts": "receipts", "recpt": "receipt", "rn": "right now", "shld": "should", "sry": "sorry", "srry": "sorry",
    "subs": "subscription", "tmr": "tomorrow", "tmrw": "tomorrow", "txn": "transaction",
    "txns": "transactions", "u": "you", "ur": "your", "gimme": "give me",
    "lemme": "let me", "wat": "what", "wht": "what", "wen": "when", "wld": "would", "wud": "would", "yr": "year", "yrs": "years",
}  # fmt: skip


def written_out(word: str, known: Collection[str]) -> Optional[str]:
    """Returns what an abbreviation stands for; None if it is none, or stands for a word that nobody here uses.

    Args:
        word: As it was typed, in small letters.
        known: The words of the training examples: what is read in other words than theirs would be no nearer to them.
    """
    meant = _WRITTEN_OUT.get(word)
    if meant is None or any(part not in known for part in _WORD.findall(meant)):
        return None
    return meant
