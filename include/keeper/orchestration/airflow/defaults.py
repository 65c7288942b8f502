"""What every task of Keeper's starts from."""

from datetime import timedelta
from enum import IntEnum
from typing import Any, Final, Literal

from airflow.sdk import RetryAction, RetryRule

from keeper.domain.tokens.balance import BROKEN_FOR
from keeper.orchestration.airflow.failures import RetryByError

Queue = Literal["prices", "deals", "storage", "default"]
"""Kinds of work that may have Celery workers of their own."""

RETRY_BY_KIND: Final = RetryByError(
    rules=[
        RetryRule(
            exception="keeper.errors.TerminalError",
            action=RetryAction.FAIL,
            reason="the same input would fail again",
        ),
        RetryRule(
            exception="keeper.sources.keepa.errors.KeepaLateReplyError",
            action=RetryAction.FAIL,
            reason="Keepa was paid for it twice; the next run asks again",
        ),
        RetryRule(
            exception="keeper.sources.keepa.errors.TokensExhaustedError",
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=1),
            reason="Keepa refills tokens once a minute",
        ),
        RetryRule(
            exception="keeper.sources.keepa.errors.KeepaLeftAloneError",
            action=RetryAction.RETRY,
            retry_delay=BROKEN_FOR,
            reason="Keepa is asked again after a while",
        ),
    ]
)


class Rank(IntEnum):
    """Whose tasks run first when there are not enough workers, or places in a pool, for all."""

    PRICES = 40
    DEALS = 30
    UPKEEP = 20
    BACKFILL = 10


DEFAULT_ARGS: Final[dict[str, Any]] = {
    "owner": "keeper",
    "retries": 4,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": RETRY_BY_KIND,
    "execution_timeout": timedelta(minutes=30),
    "priority_weight": int(Rank.UPKEEP),
    # The rank alone counts: with Airflow's rule a task with many after it would come first.
    "weight_rule": "absolute",
}


def ranked(rank: Rank) -> dict[str, Any]:
    """Return the default arguments of a DAG whose tasks have another rank than upkeep."""
    return DEFAULT_ARGS | {"priority_weight": int(rank)}


def in_queue(queue: Queue) -> dict[str, Any]:
    """Return the argument that gives a DAG's tasks to the Celery workers that read `queue`.

    The LocalExecutor takes no notice of it.
    """
    return {"queue": queue}
