"""The only room that knows Airflow: connections, defaults, sensors, triggers, assets."""
