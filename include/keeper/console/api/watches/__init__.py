"""The API of watches and their rules."""
