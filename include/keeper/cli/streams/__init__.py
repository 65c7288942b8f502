"""`keeper topics` with its dead letters, and the workers."""
