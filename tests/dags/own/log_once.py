"""A task that logs one line."""

import logging
from datetime import UTC, datetime

from airflow.sdk import dag, task

LOG = logging.getLogger(__name__)


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC))
def log_once() -> None:
    @task
    def log_line() -> None:
        LOG.info("only once")

    log_line()


log_once()
