"""Keepa: client, token accounting, decode, configuration and errors."""
