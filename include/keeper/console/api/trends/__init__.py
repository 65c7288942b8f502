"""How prices of a category or brand move."""
