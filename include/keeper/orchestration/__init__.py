"""The only package that knows Airflow.

A module named as a DAG holds that DAG's tasks; `dags/` wires them. The other modules directly here
are known by their names outside the code: to Airflow's database, to settings, to what is installed.
They are not moved; `tests/dags/test_stored_names.py` lists the names and who keeps them. All else
is in the folders.
"""
