"""`keeper deals` and `keeper reports`."""
