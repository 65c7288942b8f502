"""Answers that are kept until what they show changes."""
