"""Which mistake it is, and in which line."""
