"""Keeper watches Amazon prices through Keepa and notifies people and analysts of changes."""
