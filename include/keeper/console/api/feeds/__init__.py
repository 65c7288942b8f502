"""Atom feeds for feed readers."""
