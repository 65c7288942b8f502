"""Runs, and what is recorded of them."""
