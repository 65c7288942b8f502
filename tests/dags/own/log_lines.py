"""Tasks whose logs are worth keeping apart: long, tried twice, mapped, with a secret."""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.log import mask_secret

LOG = logging.getLogger(__name__)


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC))
def log_lines() -> None:
    @task
    def log_much() -> None:
        for number in range(1_500):
            LOG.info("line %d", number)

    @task(retries=1, retry_delay=timedelta(0))
    def fail_once() -> None:
        number = get_current_context()["ti"].try_number
        LOG.info("this is try %d", number)
        if number == 1:
            raise LookupError("the first try finds nothing")

    @task
    def log_word(word: str) -> None:
        LOG.info("the word is %s", word)

    @task
    def log_secret() -> None:
        mask_secret("MarkedTaskWord7f3a9c")
        LOG.info("logged in with %s", "MarkedTaskWord7f3a9c")

    log_much()
    fail_once()
    log_word.expand(word=["apple", "pear"])
    log_secret()


log_lines()
