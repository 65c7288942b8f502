"""What every task of Keeper's starts from."""

from datetime import timedelta
from typing import Any, Final

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from keeper.domain.tokens import BROKEN_FOR

RETRY_BY_KIND: Final = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="keeper.errors.TerminalError",
            action=RetryAction.FAIL,
            reason="the same input would fail again",
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

DEFAULT_ARGS: Final[dict[str, Any]] = {
    "owner": "keeper",
    "retries": 4,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": RETRY_BY_KIND,
    "execution_timeout": timedelta(minutes=30),
}
