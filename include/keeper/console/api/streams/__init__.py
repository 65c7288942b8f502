"""Kafka's topics, and messages that could not be loaded."""
