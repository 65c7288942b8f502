"""The outbox, people's channels, and notices to the operator."""
