"""What a ticket is about, how pressing it is and who takes it, with the reasons in words. Pure: data in, triage out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from core.errors import Invalid
from tickets.cancellation import Cancellation, read_cancellation
from tickets.deciding import SURE_INTENT, Findings, Signal, Triage, TriageRequest
from tickets.priority import decide_priority
from tickets.reading import Head, Reading
from tickets.rules import CategoryRule, Rules, default_rules
from tickets.vocabulary import CATEGORIES, Category, Priority

__all__ = ["AUTO_REPLY_ABOVE", "LONGEST_READ", "Signal", "Triage", "TriageRequest", "plain", "rule_shares", "triage"]

CHURN_RISK = "churn-risk"
CANCEL_INTENT = "cancel_subscription"
FRUSTRATED = 0.5
"""From this score on a signal of frustration tags the ticket."""
AUTO_REPLY_ABOVE = 0.9
INTENT_WEIGHT = 4.0
WISH_WEIGHT = 6.0
TELLING = 2.0
"""Evidence for another category that makes it a tag."""
PRIOR = 1.0
"""Evidence that is always there for "something else": one weak phrase alone is at most even odds."""
LONGEST_READ = 8_000
"""Characters of a text that triage reads."""
FEWEST_TOLD = 3
"""Words beside a mention that can say what a ticket is about."""
UNSURE_BELOW = 0.35
"""A head less sure than this, of a text that no rule recognises, is not heeded."""
UNSURE_OF_NONE_BELOW = 0.5
"""The same for `other`: that tickets of no category are read is little to go by."""
_APOSTROPHES = str.maketrans("\u2019\u2018`", "'''")


def triage(request: TriageRequest, rules: Rules | None = None, head: Head | None = None) -> Triage:
    """Decide category, priority, team, tags and whether to answer automatically, and say why.

    Args:
        request: what is known.
        rules: the rules; those that Baton comes with if None.
        head: what learned from labelled tickets, if anything did. Without one nothing is answered automatically, for the
            rules' own confidence is not calibrated.

    Raises:
        Invalid: revenue or the number of earlier tickets is negative, or a confidence is not between 0 and 1.
    """
    _check(request)
    rules = rules or default_rules()
    text = plain(request.text)
    findings = Findings()
    said = read_cancellation(text, rules.cancellation)
    wish = _wish_to_cancel(request, said, findings)
    refused = said is not None and not wish
    told = _without_mentions(text, rules)
    category, confidence, calibrated = _category(request, told, rules, wish, refused, head, findings)
    priority = decide_priority(request, text, rules, category, findings, wish=wish)
    _tag(request, rules, category, findings)
    auto_reply = _auto_reply(request, category, priority, confidence, wish) if calibrated else None
    if auto_reply is not None:
        findings.reasons.append(f"Confidence {confidence:.2f} is above {AUTO_REPLY_ABOVE}: answered with an article.")
    return Triage(
        category=category,
        priority=priority,
        team=rules.categories[category].team,
        tags=tuple(findings.tags),
        confidence=confidence,
        reasons=tuple(findings.reasons),
        suggested_articles=request.articles,
        auto_reply=auto_reply,
    )


def rule_shares(text: str, rules: Rules | None = None) -> dict[str, float]:
    """Return what the rules alone give each category for a text, 0 to 1: what a head is trained beside."""
    rules, findings, text = rules or default_rules(), Findings(), plain(text)
    _wish_to_cancel(TriageRequest(text), read_cancellation(text, rules.cancellation), findings)
    told = _without_mentions(text, rules)
    for name, rule in rules.categories.items():
        for weight, _words in _evidence(told, rule):
            findings.count(name, weight)
    return {str(name): share for name, share in _shares(findings).items()}


def plain(text: str) -> str:
    """Return text with plain apostrophes and single spaces, line breaks kept, cut at 8,000 characters."""
    text = text[:LONGEST_READ].translate(_APOSTROPHES)
    lines = (" ".join(line.split()) for line in re.split(r"[\r\n\x0b\x0c\u2028\u2029]+", text))
    return "\n".join(line for line in lines if line)


def _without_mentions(text: str, rules: Rules) -> str:
    """Return a text without the words that only mention a matter; the whole text where there is next to nothing else."""
    told = rules.mentions.sub(" ", text)
    return told if len(told.split()) >= FEWEST_TOLD else text


def _check(request: TriageRequest) -> None:
    if request.mrr is not None and not (math.isfinite(request.mrr) and request.mrr >= 0):
        raise Invalid("Monthly revenue must be a number of 0 or more.", field="mrr")
    confidences = (request.intent_confidence or 0.0, *(confidence for _intent, confidence in request.also))
    if any(not 0 <= confidence <= 1 for confidence in confidences):
        raise Invalid("A confidence is between 0 and 1.", field="intent_confidence")
    if request.earlier_tickets < 0:
        raise Invalid("The number of earlier tickets must be 0 or more.", field="earlier_tickets")


def _wish_to_cancel(request: TriageRequest, said: Cancellation | None, findings: Findings) -> bool:
    """Tell whether the customer wishes to cancel. Their own denial outweighs what the assistant understood."""
    if said is not None and said.kind == "wish":
        findings.reasons.append(f"“{said.words}” reads as a wish to cancel: urgent, tagged {CHURN_RISK}.")
    elif said is not None and said.kind == "denied":
        findings.reasons.append(f"“{said.words}” says that this is no wish to cancel.")
        return False
    elif said is not None and said.kind == "other":
        findings.reasons.append(f"“{said.words}” is about something other than the contract: no wish to cancel.")
        return False
    elif request.handover_reason == "cancellation":
        findings.reasons.append(f"The assistant handed over a wish to cancel: urgent, tagged {CHURN_RISK}.")
    elif (sure := request.sureness_of(CANCEL_INTENT)) >= SURE_INTENT:
        findings.reasons.append(f"The assistant understood a wish to cancel ({sure:.2f}): urgent, tagged {CHURN_RISK}.")
    else:
        if said is not None:
            findings.reasons.append(f"“{said.words}” asks about cancelling and does not wish it yet.")
            findings.count("cancellation", INTENT_WEIGHT / 2)
        return False
    findings.tag(CHURN_RISK)
    findings.count("cancellation", WISH_WEIGHT)
    return True


def _category(
    request: TriageRequest, text: str, rules: Rules, wish: bool, refused: bool, head: Head | None, findings: Findings
) -> tuple[Category, float, bool]:
    """Return the category, how sure that is, and whether the figure is calibrated: the head's, not the rules' share.

    Where the words themselves say that this is no wish to cancel (`refused`), a head that reads one is not heeded.
    """
    said = _count_words(text, rules, findings)
    understood = _count_understanding(request, rules, wish, findings)
    handover = rules.handover_reasons.get(request.handover_reason or "")
    decided = handover is not None and handover.category is not None
    if handover is not None and handover.category is not None:
        findings.count(handover.category, WISH_WEIGHT)
    shares = _shares(findings)
    category: Category = max(shares, key=lambda name: shares[name], default="other")
    confidence, calibrated = shares.get(category, 0.0), False
    if head is not None and text and not (wish or decided):
        heeded = _read(text, shares, head, findings, refused=refused)
        if heeded is not None:
            category, confidence, calibrated = *heeded, True
    if not shares and not calibrated:
        findings.reasons.append("No rule recognises what it is about." if text else "There is no text to go by.")
    _explain(category, said, understood, findings, rules)
    return category, confidence, calibrated


def _count_words(text: str, rules: Rules, findings: Findings) -> dict[Category, list[str]]:
    """Count what the words say for each category, and return those words."""
    said: dict[Category, list[str]] = {}
    for name, rule in rules.categories.items():
        for weight, words in _evidence(text, rule):
            findings.count(name, weight)
            said.setdefault(name, []).append(words)
    return said


def _count_understanding(
    request: TriageRequest, rules: Rules, wish: bool, findings: Findings
) -> list[tuple[str, float, Category]]:
    """Count what the assistant understood, each matter of the message, and return it with the categories."""
    understood = []
    for intent, confidence in request.matters():
        category = rules.category_of_intent(intent)
        known_wrong = category == "cancellation" and not wish and "cancellation" not in findings.scores
        if category is not None and confidence and not known_wrong:
            findings.count(category, INTENT_WEIGHT * confidence)
            understood.append((intent, confidence, category))
    return understood


def _read(
    text: str, shares: Mapping[Category, float], head: Head, findings: Findings, *, refused: bool
) -> tuple[Category, float] | None:
    """Return what the head makes of a text and how sure it is; None where it is not to be heeded."""
    reading = head.read(text, {str(name): share for name, share in shares.items()})
    named = next((name for name in CATEGORIES if name == reading.category), None)
    least = UNSURE_OF_NONE_BELOW if named == "other" else UNSURE_BELOW
    if named is None or not (shares or reading.confidence >= least):
        return None
    if refused and named == "cancellation" and named not in shares:
        return None
    findings.reasons.append(_reads_like(named, reading))
    return named, reading.confidence


def _reads_like(named: Category, reading: Reading) -> str:
    """Say which earlier tickets a text reads like; words that tell of no category are none to show."""
    if named == "other":
        return f"It reads like earlier tickets that fit no category ({reading.confidence:.2f})."
    because = f": {_quoted(reading.words)}" if reading.words else ""
    return f"It reads like earlier tickets about {named} ({reading.confidence:.2f}){because}."


def _explain(
    category: Category,
    said: Mapping[Category, Sequence[str]],
    understood: Sequence[tuple[str, float, Category]],
    findings: Findings,
    rules: Rules,
) -> None:
    """Say which words and which understanding are about the category, and tag the other categories that have evidence."""
    if words := said.get(category):
        findings.reasons.append(f"{_quoted(words)} {'is' if len(words) == 1 else 'are'} about {category}.")
    for intent, confidence, about in understood:
        if about == category:
            findings.reasons.append(
                f"The assistant understood “{rules.words_of_intent(intent)}” ({confidence:.2f}), which is about {category}."
            )
        else:
            findings.reasons.append(
                f"It also asks about “{rules.words_of_intent(intent)}” ({confidence:.2f}), which is about {about}."
            )
    for other, score in findings.scores.items():
        if other != category and score >= TELLING:
            findings.tag(other)
            if words := said.get(other):
                findings.reasons.append(
                    f"{_quoted(words)} {'is' if len(words) == 1 else 'are'} about {other} too: tagged {other}."
                )


def _shares(findings: Findings) -> dict[Category, float]:
    """Return each category's share of the evidence, with a little kept for what no rule knows."""
    total = sum(findings.scores.values()) + PRIOR
    return {name: score / total for name, score in findings.scores.items()}


def _evidence(text: str, rule: CategoryRule) -> Iterator[tuple[float, str]]:
    """Yield what speaks for a category, the weightiest phrases first; words count once, in the weightiest of them."""
    taken: list[tuple[int, int]] = []
    for phrase in sorted(rule.phrases, key=lambda phrase: -phrase.weight):
        for match in phrase.pattern.finditer(text):
            if all(match.end() <= start or match.start() >= end for start, end in taken):
                taken.append(match.span())
                yield phrase.weight, match.group()
                break


def _tag(request: TriageRequest, rules: Rules, category: Category, findings: Findings) -> None:
    handover = rules.handover_reasons.get(request.handover_reason or "")
    if handover is not None and handover.tag is not None:
        findings.tag(handover.tag)
        findings.reasons.append(f"{handover.words}: tagged {handover.tag}.")
    told = next((one for one in request.signals if one.name == "frustration" and one.score >= FRUSTRATED), None)
    if told is not None and told.words:
        findings.tag(rules.frustrated_tag)
        shows = "shows" if len(set(told.words)) == 1 else "show"
        findings.reasons.append(
            f"{_quoted(told.words)} {shows} frustration ({told.score:.2f}): tagged {rules.frustrated_tag}."
        )
    plan_tag = rules.plan_tags.get((request.plan or "").casefold())
    if plan_tag is not None:
        findings.tag(plan_tag)
    if request.earlier_tickets >= rules.repeat_after:
        findings.tag(rules.repeat_tag)
        findings.reasons.append(f"{request.earlier_tickets} tickets in 90 days: tagged {rules.repeat_tag}.")


def _auto_reply(
    request: TriageRequest, category: Category, priority: Priority, confidence: float, wish: bool
) -> str | None:
    """Choose the article to answer with, if any. Who was handed over or is in trouble gets a person."""
    calm = priority in {"normal", "low"} and not wish and request.handover_reason is None
    if not calm or category in {"security", "outage"} or confidence <= AUTO_REPLY_ABOVE:
        return None
    return request.articles[0] if request.articles else None


def _quoted(words: Sequence[str]) -> str:
    marked = [f"“{word}”" for word in dict.fromkeys(words)][:3]
    return marked[0] if len(marked) == 1 else f"{', '.join(marked[:-1])} and {marked[-1]}"
