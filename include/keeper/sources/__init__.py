"""Where prices come from: one folder an outside system."""
