"""Delivery to people and to the operator, and the links in messages."""
