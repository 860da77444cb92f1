"""What `/metrics` tells Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

TURNS = Counter("baton_turns_total", "Messages that the bot was to answer, by outcome.", ["outcome"])
TURN_SECONDS = Histogram(
    "baton_turn_seconds",
    "Seconds from taking up a message to its stored answer.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
MESSAGES = Counter("baton_messages_total", "Messages stored, by author.", ["author"])
HANDOFFS = Counter("baton_handoffs_total", "Conversations handed over, by reason.", ["reason"])
CLAIMS = Counter("baton_claims_total", "Conversations claimed by agents.")
ASSIGNED = Counter("baton_assigned_total", "Conversations assigned to agents.")
CLOCKS_FIRED = Counter("baton_sla_fired_total", "SLA warnings and breaches.", ["metric", "kind"])
DELIVERIES = Counter("baton_deliveries_total", "Attempts to call a webhook endpoint, by outcome.", ["outcome"])
SOCKETS = Gauge("baton_sockets", "Open sockets, by audience.", ["audience"])
REQUESTS = Histogram("baton_request_seconds", "Seconds an HTTP request took, by route and status.", ["route", "status"])
READY = Gauge("baton_ready", "1 while this part is ready.", ["part"])
