"""`keeper watch` with its rules."""
