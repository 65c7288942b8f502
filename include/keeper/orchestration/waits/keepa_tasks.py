"""Tasks that spend Keepa's tokens: reserved in PostgreSQL, and waited for without a worker."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import Context
from airflow.sdk.bases.decorator import TaskDecorator, task_decorator_factory
from airflow.sdk.exceptions import TaskDeferred

from keeper.orchestration.airflow.connections import database, keepa_config
from keeper.orchestration.airflow.operators import FunctionOperator, KeeperTask
from keeper.orchestration.triggers import TokensRefilledTrigger
from keeper.sources.keepa.errors import TokensExhaustedError

if TYPE_CHECKING:
    from keeper.pipeline.runs.keepa_account import KeepaAccount
    from keeper.sources.keepa.client import KeepaClient

KEEPA_POOL: Final = "keepa"
"""Limits how many tasks ask Keepa at once; what they may spend is the ledger's business."""


class _DeferringOperator(FunctionOperator):
    """A task that gives its worker back while Keepa's tokens are short.

    When its function raises TokensExhaustedError the task defers until the refill the error names,
    then the function runs again from its start: it must go on where it ended, as fetching does. A
    deferral uses up no retry.
    """

    def execute(self, context: Context) -> Any:
        """Run the function, or defer until there are tokens."""
        try:
            return super().execute(context)
        except TokensExhaustedError as error:
            wait_s, reason = error.refill_in_s, str(error)
        # Outside the except block: a deferral is no error with a cause.
        self.log.info("Waiting %.0f s without a worker: %s", wait_s, reason)
        raise TaskDeferred(
            trigger=TokensRefilledTrigger(until=time.time() + wait_s),
            method_name="execute_after_refill",
        )

    def execute_after_refill(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Run the function again; `event` says how long the refill was waited for."""
        self.log.info("Keepa has refilled the tokens; going on")
        return self.execute(context)


class KeepaTaskOperator(KeeperTask, _DeferringOperator):
    """A task of Keeper's that may wait for tokens; see KeeperTask."""

    custom_operator_name = "@keepa_task"


def keepa_task(
    python_callable: Callable[..., Any] | None = None,
    multiple_outputs: bool | None = None,
    **kwargs: Any,
) -> TaskDecorator:
    """Make a function a task as `@task` does, which defers while Keepa's tokens are short.

    It runs in the pool `keepa` unless `pool` says otherwise.
    """
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=KeepaTaskOperator,
        **{"pool": KEEPA_POOL, **kwargs},
    )


@contextmanager
def keepa_account(run: str) -> Iterator["KeepaAccount"]:
    """Give the client and the ledger of `keeper_keepa` for the block.

    Args:
        run: Keeper's id of the run that spends the tokens.
    """
    from keeper.pipeline.runs.keepa_account import keepa_account as account_of_config

    with (
        database() as connection,
        account_of_config(keepa_config(), connection, run) as account,
    ):
        yield account


@contextmanager
def keepa_client(run: str) -> Iterator["KeepaClient"]:
    """Give a client of `keeper_keepa` for the block, each request of which is in the ledger.

    Raises:
        ClocksDifferError: This machine's clock is wrong.
    """
    from keeper.pipeline.services.clocks import require_right_clock

    with keepa_account(run) as account:
        require_right_clock(account.client)
        yield account.client
