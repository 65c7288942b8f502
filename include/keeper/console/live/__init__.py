"""What changes, for those who watch live."""
