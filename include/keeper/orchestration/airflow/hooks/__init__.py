"""Hooks of Keeper's own connection types; airflow_provider.py registers them with Airflow."""
