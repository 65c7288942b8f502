"""Keepa's protocol on HTTP, with its tokens, and the simulator's own controls."""
