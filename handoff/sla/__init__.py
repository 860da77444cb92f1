"""SLA: calendars, policies, clocks, what falls due, and what follows it."""
