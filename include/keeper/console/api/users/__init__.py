"""The API of people: signing in, tokens, users, the audit log."""
