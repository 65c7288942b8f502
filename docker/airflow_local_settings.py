"""Read by every Airflow process at its start; only the scheduler does something here."""

from keeper.orchestration.preload import preload_in_scheduler

preload_in_scheduler()
