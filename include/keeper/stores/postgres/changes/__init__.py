"""What commits have changed, as PostgreSQL notifies it."""
