"""Airflow's own files go to a folder of the session, before anything imports it."""

import os
import tempfile

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="keeper-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
