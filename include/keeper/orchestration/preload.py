"""Imports what task bodies need once, in the process whose forks run them, so that they inherit it.

LocalExecutor forks its workers and tasks from the scheduler, Celery's worker forks them itself;
without this every task would pay five to nine CPU seconds for Great Expectations alone.
`airflow_local_settings.py`, which every Airflow process reads, calls `preload_in_scheduler`; the
other processes pay nothing.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

from keeper.checks.validation import load_great_expectations

_TASK_MODULES: Final = (
    "confluent_kafka",
    "elasticsearch",
    "keepa",
    "msgspec",
    "pandas",
    "psycopg",
    "psycopg_pool",
    "simdjson",
)


def is_scheduler(argv: Sequence[str]) -> bool:
    """Return whether a process started with these arguments is Airflow's scheduler."""
    return "scheduler" in argv[:3]


def is_celery_worker(argv: Sequence[str]) -> bool:
    """Return whether a process started with these arguments is one of Airflow's Celery workers."""
    return list(argv[1:3]) == ["celery", "worker"]


def preload_in_scheduler(argv: Sequence[str] | None = None) -> bool:
    """Import the heavy modules if this process is one whose forks run tasks, and return whether.

    No thread is left behind: a fork keeps only the thread that called it, and any lock another one
    held stays locked in the child for ever.
    """
    started_as = sys.argv if argv is None else argv
    if not is_scheduler(started_as) and not is_celery_worker(started_as):
        return False
    # OpenBLAS, which numpy brings, starts its threads at import and Keeper does no linear algebra.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for module in _TASK_MODULES:
        importlib.import_module(module)
    load_great_expectations()
    return True
