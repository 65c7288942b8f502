"""Keeper's own run ids: Airflow's are unique within a DAG only."""


def run_name(dag_id: str, run_id: str) -> str:
    """Return the id by which tables, events and the lake know a run of a DAG."""
    return f"{dag_id}/{run_id}"
