"""How far consumer groups have come, and moving them."""
