"""A deal run, step by step, and the daily report."""
