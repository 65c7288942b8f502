"""Keepa's tokens: the balance, and what a run may spend."""
