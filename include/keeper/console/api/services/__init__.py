"""How Keeper is."""
