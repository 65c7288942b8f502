"""Price points, their types and events, and what a history says of a price."""
