"""Backups: made, listed, validated and pruned."""
