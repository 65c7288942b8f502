"""`keeper backup` and `keeper restore`."""
