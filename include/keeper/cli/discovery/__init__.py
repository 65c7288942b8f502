"""`keeper discover`."""
