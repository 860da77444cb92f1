"""Tickets and their triage."""
