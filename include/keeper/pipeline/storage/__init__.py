"""Upkeep of the stores: retention, the lake, exchange rates."""
