"""Keeper watches Amazon prices through Keepa and tells people and analysts what changed."""
