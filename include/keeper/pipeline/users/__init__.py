"""Users, signing in, API tokens, and the record of who did what."""
