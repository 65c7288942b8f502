"""Partitions, retention, and Airflow's own tables."""
