"""`keeper storage`, `lake` and `rates`."""
