"""Airflow's own files go to a folder of the session, before anything imports it."""

import os
import tempfile

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="keeper-airflow-"))
