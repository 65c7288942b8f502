"""Reading in batches, committing only after the store has the data."""
