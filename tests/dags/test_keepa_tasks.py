"""Tasks that spend tokens give their worker back while there are none, and go on after."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import TaskDeferred

from keeper.orchestration.triggers import TokensRefilledTrigger
from keeper.orchestration.waits.keepa_tasks import KeepaTaskOperator
from keeper.sources.keepa.errors import TokensExhaustedError

CONTEXT = cast("Context", {"outlet_events": {}})


def fetching(tokens: list[int]) -> KeepaTaskOperator:
    """Return a task that fails for want of tokens as long as there are none."""

    def fetch() -> Mapping[str, Any]:
        if not tokens:
            raise TokensExhaustedError("no tokens", refill_in_s=30)
        return {"products": tokens.pop()}

    return KeepaTaskOperator(task_id="fetch", python_callable=fetch, op_args=(), op_kwargs={})


def test_without_tokens_it_is_deferred_until_the_refill_and_then_gives_its_result() -> None:
    tokens: list[int] = []
    task = fetching(tokens)

    with pytest.raises(TaskDeferred) as deferred:
        task.execute(CONTEXT)
    assert isinstance(deferred.value.trigger, TokensRefilledTrigger)

    tokens.append(300)
    resumed = getattr(task, deferred.value.method_name)
    assert resumed(CONTEXT, {"waited_s": 30}) == {"products": 300}


def test_tokens_that_are_gone_again_are_waited_for_again() -> None:
    task = fetching([])

    with pytest.raises(TaskDeferred):
        task.execute_after_refill(CONTEXT, {"waited_s": 30})
