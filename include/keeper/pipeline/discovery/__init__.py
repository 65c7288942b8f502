"""Searches that propose products, and the question about them."""
