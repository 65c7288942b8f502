"""How a task fails: by one sentence in its log, and by the kind of its error tried again or not.

Airflow logs the frames of whatever a task raises: a screen of them, and nobody finds what happened.
Of SystemExit it logs one line with the exit code. So an error leaves its task as one whose code is
a sentence, and the retry policy looks at the error behind it.
"""

import logging
from typing import Any, Final, TypedDict

from airflow.sdk import Context, ExceptionRetryPolicy
from airflow.sdk.definitions.retry_policy import RetryDecision
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError
from airflow.sdk.log import mask_logs

from keeper.clock import utc_now
from keeper.errors import KeeperError, TerminalError

PROBLEM: Final = "problem"
"""The XCom with why a task failed, as Problem has it; gone once the task is tried again."""

_LOG: Final = logging.getLogger(__name__)


class Problem(TypedDict):
    """Why a task failed.

    Attributes:
        at: When, in ISO 8601.
        name: The task as Airflow's states call it: `prices.fetch_1` if it is mapped.
        task: The task for people, of a mapped one with its label.
        text: What went wrong, without secrets.
        follows: It failed only because one before it had.
    """

    at: str
    name: str
    task: str
    text: str
    follows: bool


class IncompleteRunError(TerminalError):
    """A task did what it could, but something before it had failed.

    It fails too, so that clearing the failed tasks of a run lets it run again.
    """


class TaskFailed(SystemExit):
    """Ends a task whose function raised an error.

    Attributes:
        error: The error.
    """

    def __init__(self, sentence: str, error: Exception) -> None:
        """Make `sentence` the exit code, which is the last line Airflow logs of the task."""
        super().__init__(sentence)
        self.error = error


class RetryByError(ExceptionRetryPolicy):
    """Decides by the error behind a TaskFailed."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Return what the first rule that fits the error says."""
        error = exception.error if isinstance(exception, TaskFailed) else exception
        return super().evaluate(error, try_number, max_tries, context)


def failed(context: Context, error: Exception) -> TaskFailed:
    """Return what ends a task after `error`, and leave the sentence for the run's summary.

    An error that Keeper expects is its own sentence. Of any other the frames are logged, and its
    text stays in the log, where secrets are masked.
    """
    ti: Any = context["ti"]
    is_expected = isinstance(error, KeeperError | AirflowNotFoundException)
    if is_expected:
        text = sentence = " ".join(str(error).split()) or type(error).__name__
    else:
        _LOG.exception("Not expected by Keeper", exc_info=error)
        text = f"an unexpected {type(error).__name__}; its log has the frames"
        sentence = " ".join(f"{type(error).__name__}: {error}".split())
    is_mapped = ti.map_index is not None and ti.map_index >= 0
    label = getattr(ti, "rendered_map_index", None) or ti.map_index
    problem = Problem(
        at=utc_now().isoformat(),
        name=f"{ti.task_id}_{ti.map_index}" if is_mapped else ti.task_id,
        task=f"{ti.task_id} ({label})" if is_mapped else ti.task_id,
        text=str(mask_logs(None, "", {"event": text})["event"]),
        follows=isinstance(error, IncompleteRunError),
    )
    try:
        ti.xcom_push(key=PROBLEM, value=problem)
    except AirflowRuntimeError:
        # The task fails of its own error, not of Airflow's API being away.
        _LOG.warning("the run's summary will not say why this task failed", exc_info=True)
    return TaskFailed(sentence, error)
