"""A path becomes a submission: read, taken apart, never executed."""
