"""Against a real broker: events out, commands in, and what may go wrong on the way."""
