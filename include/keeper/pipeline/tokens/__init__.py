"""Keepa's tokens as operators see them."""
