"""PostgreSQL: the watch list, prices, alerts and runs."""
