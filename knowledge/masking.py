"""Takes personal data out of what people type, before it is kept in the log of searches or beside a vote.

Pure, and linear in the text: a pattern begins only where a word begins, and from there either looks at a bounded number of
characters or takes all that it has looked at. What no pattern can know, such as a name in the middle of a sentence, stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from itertools import pairwise

MASK = re.compile(r"\[(?:address|card|date|email|iban|link|name|number|phone|reference|secret)\]")
"""What stands in place of something that was masked."""

_LEAST_DIGITS = 7
_WORD = r"(?<![^\W_])"  # not in the middle of a word; an underscore may stand before

_PEM = re.compile(r"-----BEGIN [^-]{1,60}-----(?:.*?-----END [^-]{1,60}-----|.*)", re.DOTALL)
_URL = re.compile(_WORD + r"[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s<>\"]+")
_WWW = re.compile(r"(?<![\w.])www\.[^\s<>\"]+", re.IGNORECASE)
_BARE_URL = re.compile(
    r"(?<![\w@.\-])(?:[A-Za-z0-9][\w\-]{0,62}\.){1,5}[A-Za-z]{2,24}(?::\d{1,5})?[/?][^\s<>\"]*", re.ASCII
)
_HOME = re.compile(r"([\\/](?:home|users)[\\/])[^\s\\/]{1,64}", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+%\-])[\w.+%\-]{1,256}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){0,8}")
_SPACED_EMAIL = re.compile(r"(?<![\w.+%\-])[\w.+%\-]{1,256} ?@ ?(?:[\w\-]{1,63}\.){1,8}[^\W\d_]{2,24}(?!\w)")
_SPELT_EMAIL = re.compile(
    r"(?<![\w.+\-])[\w.+\-]{1,64} ?(?:[\[({]at[\])}] ?[\w\-]{1,63}(?: ?(?:\.|[\[({]dot[\])}]) ?[\w\-]{1,63}){0,8}"
    r"|at [\w\-]{1,63}(?: dot [\w\-]{1,63}){1,8})",
    re.IGNORECASE,
)
_NAMED_SECRET = re.compile(
    _WORD + r"(?P<name>(?:pass(?:word|wort|wd|phrase|code)|pwd|pin|cvv2?|cvc2?|otp|secret|token|bearer|authorization|"
    r"api[ _\-]?key|(?:access|auth|private|client)[ _\-]?(?:key|token|secret)|"
    r"(?:verification|security|recovery|backup|login|sms|2fa)[ _\-]code)s?[\"']?)"
    r"(?P<link>\s{0,3}(?:=>|[:=]|(?:is|was|are)\b)?\s{0,3})(?P<quote>[\"'`]?)"
    r"(?P<value>(?:(?:bearer|basic)\s)?[^\s\"'`,;]+)",
    re.IGNORECASE,
)
_ORDINARY = (
    "a about accepted again already always an and any asked at being blank broken case changed compromised correct currently "
    "different empty enough entered expired expiring for forgotten from gone good hacked hidden ignored in incorrect invalid "
    "it lost missing my never no not ok old on only or out outdated refused rejected required requested reset right "
    "sent shared showing still stolen stored stuck that the to too unknown updated used valid visible weak what where "
    "working wrong"
)
_NO_SECRETS = frozenset(_ORDINARY.split())
"""Words that follow “password is” in an ordinary sentence."""
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:[sprw]k[_\-](?:(?:live|test|proj)[_\-])?[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9]{8,}|"
    r"gh[pousr]_[A-Za-z0-9]{8,}|github_pat_\w{8,}|glpat-[\w\-]{8,}|xox[abeoprs]-[\w\-]{8,}|A[KS]IA[A-Z0-9]{12,}|"
    r"AIza[\w\-]{20,}|SG\.[\w\-]{8,}(?:\.[\w\-]+)?|eyJ[\w\-]{8,}(?:\.[\w\-]*){0,4})"
)
_TOKEN = re.compile(r"(?<![A-Za-z0-9_+/\-])[A-Za-z0-9_+/\-]{8,}={0,2}")
_IBAN = re.compile(_WORD + r"[A-Za-z]{2}\d{2}(?:[ \-]{0,2}[A-Za-z0-9]){11,31}", re.ASCII)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){3,8}(?:%\w{1,16})?(?![\w:])")
_REFERENCE = re.compile(
    _WORD
    + r"(?P<noun>orders?|ord|invoices?|inv|tickets?|case|booking|reservation|ref(?:erence)?|customer|account|acct|"
    r"client|member|subscription|policy|contract|tracking|shipment|parcel|transaction|payment|serial|licen[cs]e|quote|po|"
    r"receipt|claim|request|user|workspace)"
    r"(?P<link>(?P<named>[ _\-]?(?:id|numbers?|num|nr|no|code|key|ref(?:erence)?)\b\.?)?[\"']?[ \t]{0,2}"
    r"(?:is\b|:|=)?[ \t]{0,2}(?P<sign>#|-)?[ \t]?)(?=[A-Za-z_\-/]{0,40}\d)(?P<value>[A-Za-z0-9][A-Za-z0-9_\-/]{2,64})",
    re.IGNORECASE,
)
_PREFIXED = re.compile(
    _WORD + r"(?:(?i:inv|invoice|ord|order|po|so|fh|tck|tkt|ticket|case|ref|rma|cus|sub|acct)(?:[\-_#]\d{3,}|\d{4,})"
    r"|[A-Z]{2}-\d{4,})[\w\-]{0,64}"
)
_HASHED = re.compile(r"(?<![\w&])#\d{3,}\b")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = re.compile(
    r"(?<![\d.])(?:\d{4}([\-/.])\d{1,2}\1\d{1,2}|\d{1,2}([\-/])\d{1,2}\2(?:\d{4}|\d{2})|\d{1,2}\.\d{1,2}\.\d{4})(?!\d)"
    + rf"|{_WORD}\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\.?,? \d{{4}}\b"
    + rf"|{_WORD}{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\dxX])\+?\(?\d(?:[ \t().\-/]{0,3}\d){6,}")
_CAPITALISED = r"[^\W\d_a-z][\w’'\-]{1,40}"
_NAME = re.compile(
    _WORD
    + r"((?i:my name is|my name[’']s|i am called|(?:dear )?(?:mr|mrs|ms|dr)\.?|dear|regards,?) {1,3})"
    + rf"{_CAPITALISED}(?: {_CAPITALISED}){{0,3}}"
    # "This is Anna" may be anything; "This is Anna Keller" is somebody.
    + rf"|{_WORD}((?i:i[’']m|i am|this is) {{1,3}}){_CAPITALISED}(?: {_CAPITALISED}){{1,3}}"
)
_NO_NAMES = (
    "a|about|already|also|an|and|as|at|because|but|can|changed|correct|different|displayed|for|from|gone|hidden|how|i|in|incorrect|is|it|"
    "mis\\w*|missing|my|no|not|of|old|on|or|out\\w*|please|printed|shown?|showing|so|spel\\w*|still|taken|that|the|there|to|too|under|"
    "used|we|what|where|with|wrong\\w*|you"
)
"""Words that follow “my name is” and are none, or follow the name."""
_SMALL_NAME = re.compile(
    _WORD
    + rf"(my name(?: is|[’']s) {{1,3}})(?:(?!(?:{_NO_NAMES})\b)[^\W\d_][\w’'\-]{{1,40}}(?: (?=[^\W\d_])|(?=\W|$))){{1,3}}",
    re.IGNORECASE,
)

# Characters of an IBAN by country: the registry of ISO 13616.
_IBAN_LENGTHS = {
    code: length
    for length, codes in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for code in codes.split()
}  # fmt: skip


def masked(text: str) -> str:
    """Return `text` with personal data replaced by the name of what it was, such as `[email]`; `MASK` matches each.

    Masked are e-mail and IP addresses, links, user names in paths, keys and tokens, what is said to be a password or a code, IBANs,
    payment cards, numbers of seven digits and more, dates, the numbers of orders, invoices, tickets and the like, and names that
    are introduced as such. Invisible characters are dropped and compatibility forms folded first, so that they hide nothing.
    """
    text = _plain(text)
    for needed, step in _STEPS:
        if needed in text:
            text = step(text)
    return text


def _plain(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
        text = "".join(one for one in text if unicodedata.category(one) != "Cf")
    return text.replace("\x00", "")


def _named_secret(found: re.Match[str]) -> str:
    value, link = found["value"], found["link"].strip().lower()
    bare = value.rstrip(".!?)")
    if link in {"is", "was", "are"} and not found["quote"]:
        secret = bare.lower() not in _NO_SECRETS
    elif link or found["quote"]:
        secret = True
    else:
        secret = len(bare) >= 4 and any(one.isdigit() for one in bare)
    if not secret:
        return found[0]
    return f"{found['name']}{found['link']}{found['quote']}[secret]"


def _token(found: re.Match[str]) -> str:
    """Tell a key from a word by how often letters and digits, or small and capital letters, change within it."""
    text = found[0]
    kinds = ["d" if one.isdigit() else "u" if one.isupper() else "l" for one in text if one.isalnum()]
    mixed = sum(1 for one, two in pairwise(kinds) if (one == "d") != (two == "d"))
    humps = sum(1 for one, two in pairwise(kinds) if (one, two) == ("l", "u"))
    random = mixed >= 5 or (mixed >= 3 and len(text) >= 16) or (len(text) >= 20 and humps >= max(5, len(text) / 6))
    return "[secret]" if random else text


def _mask_ibans(text: str) -> str:
    """Mask as many characters as the country's IBANs have: words follow without a sign that they are none of it."""
    kept, done = [], 0
    start = _IBAN.search(text)
    while start:
        end = _end_of_iban(start[0])
        if end:
            kept += [text[done : start.start()], "[iban]"]
            done = start.start() + end
        start = _IBAN.search(text, start.start() + (end or 4))
    return "".join((*kept, text[done:]))


def _end_of_iban(text: str) -> int:
    length = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    places = [place for place, one in enumerate(text) if one.isalnum()]
    if not length or len(places) < length:
        return 0
    end = places[length - 1] + 1
    digits = sum(1 for one in text[:end] if one.isdigit())
    return 0 if digits < length / 2 or text[end : end + 1].isalnum() else end


def _reference(found: re.Match[str]) -> str:
    value = found["value"]
    digits = sum(1 for one in value if one.isdigit())
    marked = bool(found["named"] or found["sign"])
    year = len(value) == digits == 4 and value[:2] in {"19", "20"}
    least = 3 if marked or found["noun"].lower().startswith(("ord", "inv")) else 4
    if digits < least or (year and not marked):
        return found[0]
    return f"{found['noun']}{found['link']}[reference]"


def _number(found: re.Match[str]) -> str:
    text = found[0]
    digits = [int(one) for one in text if one.isdigit()]
    if 13 <= len(digits) <= 19 and _passes_luhn(digits):
        return "[card]"
    return "[phone]" if text.startswith(("+", "(", "0")) and len(digits) <= 15 else "[number]"


def _small_name(found: re.Match[str]) -> str:
    """Mask a name that is written small; white space after it stays."""
    return f"{found[1]}[name]{' ' if found[0].endswith(' ') else ''}"


def _passes_luhn(digits: list[int]) -> bool:
    doubled = [one if place % 2 == 0 else sum(divmod(one * 2, 10)) for place, one in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


# What a step cannot find anything without (cheap to look for), and the step.
_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("-----BEGIN ", partial(_PEM.sub, "[secret]")),
    ("://", partial(_URL.sub, "[link]")),
    (".", partial(_WWW.sub, "[link]")),
    (".", partial(_BARE_URL.sub, "[link]")),
    ("", partial(_HOME.sub, r"\1[name]")),
    ("@", partial(_EMAIL.sub, "[email]")),
    ("@", partial(_SPACED_EMAIL.sub, "[email]")),
    (" ", partial(_SPELT_EMAIL.sub, "[email]")),
    ("", partial(_NAMED_SECRET.sub, _named_secret)),
    ("", partial(_KEY.sub, "[secret]")),
    ("", _mask_ibans),
    ("", partial(_TOKEN.sub, _token)),
    (".", partial(_IPV4.sub, "[address]")),
    (":", partial(_IPV6.sub, "[address]")),
    ("", partial(_PREFIXED.sub, "[reference]")),
    ("", partial(_REFERENCE.sub, _reference)),
    ("#", partial(_HASHED.sub, "[reference]")),
    ("", partial(_DATE.sub, "[date]")),
    ("", partial(_NUMBER.sub, _number)),
    (" ", partial(_NAME.sub, lambda found: f"{found[1] or found[2]}[name]")),
    (" name", partial(_SMALL_NAME.sub, _small_name)),
)
