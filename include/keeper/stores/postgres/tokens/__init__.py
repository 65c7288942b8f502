"""The ledger of Keepa's tokens."""
