"""What the bot remembers, in PostgreSQL."""
