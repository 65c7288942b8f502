"""Tasks that wait without a worker: for stores, for Keepa's tokens, for a person's answer."""
