"""The console's own pages, for people: links in messages, signing in, the documentation."""
