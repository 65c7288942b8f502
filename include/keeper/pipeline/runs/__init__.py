"""What all runs share: their record, events, account with Keepa and consumers."""
