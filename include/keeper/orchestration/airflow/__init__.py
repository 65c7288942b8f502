"""What any DAG may need of Airflow: connections, defaults, assets, forms, the lake.

The name hides nothing: imports are absolute, so `airflow` is always Airflow itself.
"""
