"""What every other package stands on: clock, errors, database, Redis, events and embedding."""
