"""What changes, live: a stream for pages, a WebSocket for programs."""
