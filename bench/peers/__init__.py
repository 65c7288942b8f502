"""Other systems that load the same topic into the same PostgreSQL."""
