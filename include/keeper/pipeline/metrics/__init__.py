"""What Keeper shows Prometheus of itself; docs/METRICS.md is made from the definitions."""
