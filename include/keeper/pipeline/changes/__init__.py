"""What commits have changed, from PostgreSQL to those who show it."""
