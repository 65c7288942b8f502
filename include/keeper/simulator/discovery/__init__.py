"""Products found by what they are like."""
