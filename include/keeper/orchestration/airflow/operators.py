"""Keeper's own `@task`, and what all tasks of Keeper's have in common.

A task whose trigger rule is ALL_DONE runs whatever became of those before it. Were it green then,
a run whose failed tasks are cleared would not run it again, and would end with what its first pass
had left. So it does its work over what there is, and fails where something was missing.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sdk import BaseOperator, Context, TriggerRule
from airflow.sdk.bases.decorator import DecoratedOperator, TaskDecorator, task_decorator_factory
from airflow.sdk.exceptions import (
    AirflowRescheduleException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)

from keeper.orchestration.airflow.failures import IncompleteRunError, failed
from keeper.orchestration.airflow.task_states import unfinished_before

_NO_FAILURES = (AirflowSkipException, DownstreamTasksSkipped, AirflowRescheduleException)
"""By these Airflow's operators end a task that has not failed."""
_RESULT = "return_value"
_NAMED = 3


class KeeperTask(BaseOperator):
    """Fails by one sentence, and where tasks before it failed; to be named before the operator.

    Args:
        is_independent: The tasks before it only come first; what becomes of them is nothing to it.
    """

    def __init__(self, *, is_independent: bool = False, **kwargs: Any) -> None:
        """Prepare; see the class."""
        super().__init__(**kwargs)
        self.is_independent = is_independent

    def execute(self, context: Context) -> Any:
        """Run the task."""
        return self._ended(context, partial(super().execute, context))

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Run the task on after a deferral."""
        resume: Callable[..., Any] = super().resume_execution
        return self._ended(context, partial(resume, next_method, next_kwargs, context))

    def _ended(self, context: Context, work: Callable[[], Any]) -> Any:
        try:
            result = work()
            if self.trigger_rule == TriggerRule.ALL_DONE and not self.is_independent:
                _fail_if_incomplete(context["ti"], result)
        except _NO_FAILURES:
            raise
        except Exception as error:
            raise failed(context, error) from error
        return result


class FunctionOperator(DecoratedOperator, PythonOperator):
    """A task that is a function, as Airflow's own `@task` makes it."""

    custom_operator_name = "@task"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Any,
        op_kwargs: Any,
        **kwargs: Any,
    ) -> None:
        """Take what `@task` takes."""
        super().__init__(
            kwargs_to_upstream={
                "python_callable": python_callable,
                "op_args": op_args,
                "op_kwargs": op_kwargs,
            },
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            **kwargs,
        )


class KeeperOperator(KeeperTask, FunctionOperator):
    """A task of Keeper's that is a function; see KeeperTask."""


def task(
    python_callable: Callable[..., Any] | None = None,
    multiple_outputs: bool | None = None,
    **kwargs: Any,
) -> TaskDecorator:
    """Make a function a task, as Airflow's `@task` does; see KeeperTask for what is different."""
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=KeeperOperator,
        **kwargs,
    )


class KeeperShortCircuit(KeeperTask, FunctionOperator, ShortCircuitOperator):
    """A function that ends the run by returning False; see KeeperTask."""

    custom_operator_name = "@task.short_circuit"


def short_circuit(
    python_callable: Callable[..., Any] | None = None,
    **kwargs: Any,
) -> TaskDecorator:
    """Make a function a task after which nothing runs if it returns False."""
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=KeeperShortCircuit, **kwargs
    )


def _fail_if_incomplete(ti: Any, result: Any) -> None:
    """Fail if tasks before this one failed, and leave its result all the same.

    Raises:
        IncompleteRunError: Some did; names them.
    """
    missing = unfinished_before(ti)
    if not missing:
        return
    if result is not None:
        ti.xcom_push(key=_RESULT, value=result)
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    raise IncompleteRunError(
        f"Done as far as it could be: {', '.join(missing[:_NAMED])}{more} failed before it. "
        "Clear the failed tasks of the run, and this one runs again with them."
    )
