"""`keeper users`, `keeper api-tokens` and `keeper console login`."""
