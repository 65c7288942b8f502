"""Deals of a saved filter: asking Keepa for them and reading its replies."""
