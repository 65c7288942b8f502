"""`keeper health`, `airflow`, `console` and `simulate-keepa`."""
