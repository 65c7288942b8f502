"""The API of messages: alerts, what became of them, channels, and when messages may come."""
