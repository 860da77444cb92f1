"""Every table there is: importing this module has them all declared on one metadata."""

from __future__ import annotations

import core.events
import core.outbox
import customers.tables
import handoff.notifications
import handoff.sla.clocks
import handoff.sla.escalations
import handoff.sla.sla_rules
import handoff.tables
import insights.tables
import knowledge.tables
import tickets.tables
from core.database import metadata

__all__ = ["core", "customers", "handoff", "insights", "knowledge", "metadata", "tickets"]
