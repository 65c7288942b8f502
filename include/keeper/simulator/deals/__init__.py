"""Deals in the catalogue's own histories."""
