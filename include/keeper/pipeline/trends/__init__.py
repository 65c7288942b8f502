"""Trends of prices: counted, and read."""
