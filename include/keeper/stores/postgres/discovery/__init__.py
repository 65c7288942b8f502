"""Searches and what they propose."""
