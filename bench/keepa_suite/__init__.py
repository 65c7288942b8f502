"""Runs the public test suite of the `keepa` package, unchanged, against the simulator."""
