"""What waits to be delivered to people, and when it may be."""
