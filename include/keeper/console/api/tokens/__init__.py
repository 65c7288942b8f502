"""Keepa's tokens."""
