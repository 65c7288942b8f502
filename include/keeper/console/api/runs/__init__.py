"""Runs of the DAGs, and what they rejected."""
