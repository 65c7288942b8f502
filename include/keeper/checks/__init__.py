"""Checks on data before it is published: Great Expectations suites and Keeper's verdict on them."""
