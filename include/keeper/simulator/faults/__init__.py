"""Faults made on request, for tests of how Keeper bears bad replies."""
