"""How every DAG's first task begins a run, or only says what the run would do.

One call of a use case plans a run: it writes the run's row in `pipeline_runs` and returns the run's
parts, for each of which Airflow makes a task. What it must know of the run is in BeginningRun.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from airflow.sdk.types import DagRunProtocol

from keeper.clock import utc_now
from keeper.orchestration.runs.names import run_name
from keeper.orchestration.runs.summaries import report_line


@dataclass(frozen=True, slots=True)
class BeginningRun:
    """A run that is about to be planned.

    Attributes:
        name: Keeper's id of it.
        dag_id: Its DAG.
        started_at: When its planning began.
    """

    name: str
    dag_id: str
    started_at: datetime


def begin(dag_run: DagRunProtocol) -> BeginningRun:
    """Return what the planning of Airflow's run needs to know of it; records nothing yet."""
    return BeginningRun(run_name(dag_run.dag_id, dag_run.run_id), dag_run.dag_id, utc_now())


def plain_parts(parts: Sequence[Any]) -> list[dict[str, Any]]:
    """Return a run's parts, which are dataclasses, as the plain values mapped tasks are given."""
    return [asdict(part) for part in parts]


def only_previewed(preview: str) -> list[dict[str, Any]]:
    """End the planning of a dry run: say what it would do, and return no parts."""
    report_line(f"dry run: {preview}")
    return []
