"""Hooks of Keeper's own connection types; airflow_provider.py tells Airflow of them."""
