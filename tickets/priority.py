"""How pressing a ticket is: where its category starts, what raises it, and why."""

from __future__ import annotations

from tickets.deciding import SURE_INTENT, Findings, TriageRequest
from tickets.rules import Rules
from tickets.vocabulary import PRIORITIES, Category, Priority, more_pressing, raised


def decide_priority(
    request: TriageRequest, text: str, rules: Rules, category: Category, findings: Findings, *, wish: bool
) -> Priority:
    """Return the priority, and add the reasons to the findings; that of a wish to cancel, urgent, is told with the wish."""
    priority: Priority = "urgent" if wish else rules.categories[category].priority
    because = [f"Tickets about {category} start at {priority}."] if priority != "normal" and not wish else []
    floors = _floors(request, text, rules)
    calm = rules.calm.search(text)
    if not floors and calm and priority == "normal":
        priority = "low"
        because.append(f"“{calm.group()}” makes it low.")
    for floor, words in floors:
        if more_pressing(floor, priority) != priority:
            because.append(f"{words} raises the priority from {priority} to {floor}.")
            priority = floor
    if request.mrr is not None and request.mrr >= rules.revenue_from:
        revenue = f"Revenue of {request.mrr:,.0f} a month ({rules.revenue_from:,.0f} or more)"
        up = raised(priority)
        because.append(
            f"{revenue} raises the priority from {priority} to {up}."
            if up != priority
            else f"{revenue}: already urgent."
        )
        priority = up
    findings.reasons.extend(because)
    return priority


def _floors(request: TriageRequest, text: str, rules: Rules) -> list[tuple[Priority, str]]:
    """Return the priorities that words, intent and handoff ask for at least, with causes, the least pressing first."""
    floors: list[tuple[Priority, str]] = []
    for floor, pattern in rules.urgency.items():
        for match in pattern.finditer(text):
            if not rules.cancellation.negations.search(text[: match.start()].rpartition("\n")[2][-5:]):
                floors.append((floor, f"“{match.group()}”"))
                break
    for intent, confidence in request.matters():
        least = rules.intent_priorities.get(intent)
        if least is not None and confidence >= SURE_INTENT:
            floors.append((least, f"The assistant's understanding, {intent},"))
    handover = rules.handover_reasons.get(request.handover_reason or "")
    if handover is not None and handover.priority is not None:
        floors.append((handover.priority, f"{handover.words}: that"))
    return sorted(floors, key=lambda floor: -PRIORITIES.index(floor[0]))
