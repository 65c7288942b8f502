"""Airflow, asked through its own API."""
