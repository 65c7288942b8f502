"""Restoring an installation from a backup, step by step."""
