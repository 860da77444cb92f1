"""Conversations and the people who take them over: ownership, handoff package, queue, SLA clocks, calendars."""
