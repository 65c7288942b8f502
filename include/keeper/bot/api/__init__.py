"""Keeper's API as the bot uses it."""
