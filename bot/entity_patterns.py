"""What each entity looks like and how its value is written once: the only list to extend for a new name."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, Callable, Dict, List

AFTER_FIRST_WORD = "after-first-word"

PRODUCTS = {
    "slack": "Slack",
    "github": "GitHub",
    "git hub": "GitHub",
    "gitlab": "GitLab",
    "jira": "Jira",
    "trello": "Trello",
    "asana": "Asana",
    "basecamp": "Basecamp",
    "monday.com": "Monday",
    "notion": "Notion",
    "clickup": "ClickUp",
    "zapier": "Zapier",
    "figma": "Figma",
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "google drive": "Google Drive",
    "gdrive": "Google Drive",
    "google calendar": "Google Calendar",
    "gcal": "Google Calendar",
    "google sheets": "Google Sheets",
    "gmail": "Gmail",
    "outlook": "Outlook",
    "excel": "Excel",
    "microsoft teams": "Microsoft Teams",
    "ms teams": "Microsoft Teams",
    "salesforce": "Salesforce",
    "hubspot": "HubSpot",
    "zendesk": "Zendesk",
    "okta": "Okta",
    "azure ad": "Azure AD",
    "entra": "Azure AD",
    "onelogin": "OneLogin",
}

_PLANS_BY_THEMSELVES = ["starter", "enterprise"]
PLANS = ["free", "starter", "business", "enterprise"]
_PLAN_NOUNS = ["plan", "plans", "tier", "subscription"]
_BEFORE_A_PLAN = ["to", "from", "on"]
_CURRENCY_SIGNS = ["$", "€", "£"]
_CURRENCIES = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "usd": "USD",
    "dollars": "USD",
    "dollar": "USD",
    "bucks": "USD",
    "eur": "EUR",
    "euros": "EUR",
    "euro": "EUR",
    "gbp": "GBP",
    "pounds": "GBP",
    "quid": "GBP",
}
_CURRENCY_WORDS = [word for word in _CURRENCIES if word.isalpha()]
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_PERIODS = ["week", "month", "year", "quarter", *WEEKDAYS]
_NUMBER = {"TEXT": {"REGEX": r"^\d{1,9}([.,]\d{3})*([.,]\d{1,2})?$"}}
_DAY = {"LOWER": {"REGEX": r"^([0-2]?\d|3[01])(st|nd|rd|th)?$"}}


def _words(text: str) -> List[Dict[str, Any]]:
    first, *others = text.split()
    return [{"LOWER": first}, *(token for word in others for token in ({"IS_SPACE": True, "OP": "?"}, {"LOWER": word}))]


def patterns() -> List[Dict[str, Any]]:
    """Returns the entity ruler's patterns; where two overlap, spaCy keeps the longer."""
    made: List[Dict[str, Any]] = []

    def add(label: str, *tokens: Dict[str, Any], rule: str = "") -> None:
        made.append({"label": label, "pattern": list(tokens), **({"id": rule} if rule else {})})

    add("invoice", {"LOWER": {"REGEX": r"^(inv|invoice|order|ord)[-_#]?\d{3,}$"}})
    add("invoice", {"LOWER": {"IN": ["inv", "order", "ord"]}}, {"TEXT": {"IN": ["-", "#"]}, "OP": "?"}, _long_number())
    add("invoice", {"LOWER": "invoice"}, {"LOWER": {"IN": ["number", "no", "no.", "#"]}, "OP": "?"}, _long_number())
    add("error_code", {"LOWER": {"REGEX": r"^err(or)?[-_]\w+$"}})
    add("error_code", {"LOWER": {"IN": ["error", "err", "code", "status", "http"]}}, _status(), rule=AFTER_FIRST_WORD)
    add("error_code", {"LOWER": "error"}, {"LOWER": "code"}, {"TEXT": {"REGEX": r"^[A-Z]{0,5}[-_]?\d{3,5}$"}})
    add("email", {"LIKE_EMAIL": True})
    add("url", {"LIKE_URL": True, "LIKE_EMAIL": False})
    for plan in PLANS:
        add("plan", {"LOWER": plan}, {"LOWER": {"IN": _PLAN_NOUNS}})
        add("plan", {"LOWER": {"IN": _BEFORE_A_PLAN}}, {"LOWER": plan}, rule=AFTER_FIRST_WORD)
    for plan in _PLANS_BY_THEMSELVES:
        add("plan", {"LOWER": plan})
    for name in PRODUCTS:
        add("product", *_words(name))
    add("product", {"TEXT": {"REGEX": "^[Tt]eams$"}}, {"LOWER": {"IN": ["integration", "channel", "app"]}})
    add("amount", {"TEXT": {"IN": _CURRENCY_SIGNS}}, _NUMBER)
    add("amount", _NUMBER, {"TEXT": {"IN": _CURRENCY_SIGNS}})
    add("amount", _NUMBER, {"LOWER": {"IN": _CURRENCY_WORDS}})
    add("amount", {"LOWER": {"IN": ["usd", "eur", "gbp"]}}, _NUMBER)
    add("date", {"SHAPE": "dddd"}, {"TEXT": "-"}, {"SHAPE": "dd"}, {"TEXT": "-"}, {"SHAPE": "dd"})
    add("date", {"TEXT": {"REGEX": r"^\d{1,2}[/.]\d{1,2}[/.](\d{2}|\d{4})$"}})
    add("date", {"LOWER": {"IN": ["yesterday", "today", "tomorrow", "tonight"]}})
    add("date", {"LOWER": {"IN": ["last", "next", "this"]}}, {"LOWER": {"IN": _PERIODS}})
    add("date", {"LOWER": {"IN": [month for month in _MONTHS if month not in ("may", "march", "mar", "dec", "jan")]}})
    add("date", {"LOWER": {"IN": _MONTHS}}, _DAY)
    add("date", _DAY, {"LOWER": "of", "OP": "?"}, {"LOWER": {"IN": _MONTHS}})
    add("date", {"LOWER": {"IN": _MONTHS}}, {"TEXT": {"REGEX": r"^20\d\d$"}})
    add("date", {"LOWER": {"IN": ["in", "since", "for", "from"]}}, {"LOWER": {"IN": _MONTHS}}, rule=AFTER_FIRST_WORD)
    return made


def _long_number() -> Dict[str, Any]:
    return {"TEXT": {"REGEX": r"^\d{3,}$"}}


def _status() -> Dict[str, Any]:
    return {"TEXT": {"REGEX": r"^[45]\d\d$"}}


_LONGEST_NAME = 5
"""Words, such as "The Royal Bank of Scotland"."""
_LONGEST_WORD = 30
_WORD_OF_A_NAME = re.compile(r"[^\W_][\w.&+'’/-]*")
_KEY_HELD_DOWN = re.compile(r"(.)\1\1\1")


def may_be_a_name(text: str) -> bool:
    """Tells whether `text` is written as a name can be: a few words of letters, no markup, no address, no key held down."""
    words = text.split()
    return 0 < len(words) <= _LONGEST_NAME and all(
        len(word) <= _LONGEST_WORD
        and _WORD_OF_A_NAME.fullmatch(word) is not None
        and _KEY_HELD_DOWN.search(word.lower()) is None
        for word in words
    )


def normalise(entity: str, text: str) -> str:
    """Returns the one way to write what `text` names, such as `INV-2041` for "invoice no 2041"."""
    return _NORMALISERS.get(entity, str.lower)(text)


def _invoice(text: str) -> str:
    kind = "ORD" if text.lower().startswith("ord") else "INV"
    return f"{kind}-{re.sub(r'[^0-9]', '', text)}"


def _error_code(text: str) -> str:
    return re.sub(r"^ERROR (CODE )?", "", text.upper())


def _name(text: str) -> str:
    return " ".join(text.split())


def _plan(text: str) -> str:
    """Returns the plan, mended if it is misspelt; one that Fernhill does not have stays as it was written, in small letters."""
    name = text.split(maxsplit=1)[0].lower()
    return next(iter(get_close_matches(name, PLANS, n=1, cutoff=0.75)), name)


def _product(text: str) -> str:
    plain = " ".join(text.lower().split())
    if plain.startswith("teams"):
        return "Microsoft Teams"
    return PRODUCTS.get(plain, _name(text))


def _amount(text: str) -> str:
    """Returns number and currency, such as `1200.50 USD` for "$1,200.50"."""
    found = re.search(r"[\d.,]+", text)
    digits = found.group(0) if found else ""
    currency = re.sub(r"[\d.,\s]", "", text).lower()
    whole, _, cents = re.sub(r"[.,](\d{1,2})$", r"|\1", digits).partition("|")
    number = re.sub(r"[.,]", "", whole) + (f".{cents}" if cents else "")
    return f"{number} {_CURRENCIES.get(currency, currency.upper())}"


_NORMALISERS: Dict[str, Callable[[str], str]] = {
    "invoice": _invoice,
    "error_code": _error_code,
    "plan": _plan,
    "product": _product,
    "person": _name,
    "company": _name,
    "amount": _amount,
}
"""What is not here is written in small letters."""
