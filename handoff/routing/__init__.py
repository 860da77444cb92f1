"""Routing: who is there, who gets what waits, what goes back, and how long it takes."""
