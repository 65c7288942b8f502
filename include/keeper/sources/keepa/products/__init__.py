"""Products: how requests are spelled, and reading replies into series and statistics."""
