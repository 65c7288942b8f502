"""How the tasks of a run ended: which did not end well, and why the first of them failed."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from keeper.orchestration.airflow.failures import PROBLEM, Problem

# Removed: a run cleared and planned anew may have fewer instances of a mapped task.
_ENDED_WELL = frozenset({"success", "skipped", "removed"})
_LAST = "summarise"


def unfinished_tasks(ti: Any, *, with_own: bool = False) -> list[str]:
    """Return the tasks of this run that failed or could not run, as Airflow's states call them.

    Args:
        ti: A task instance of the run.
        with_own: Whether that one may be among them.
    """
    return sorted(
        task
        for task, state in states_of(ti).items()
        if (with_own or task != ti.task_id) and state not in _ENDED_WELL
    )


def states_of(ti: Any) -> Mapping[str, str | None]:
    """Return the states of this run's tasks, of mapped ones by `task_index`."""
    states: Mapping[str, Mapping[str, str | None]] = ti.get_task_states(
        dag_id=ti.dag_id, run_ids=[ti.run_id]
    )
    return states.get(ti.run_id, {})


def unfinished_before(ti: Any) -> list[str]:
    """Return the tasks before this one that failed or could not run.

    Of a mapped task group only those of this task's own index count, of other mapped tasks all;
    they are called `task_index`, as Airflow's states call them.
    """
    before = ti.task.get_flat_relative_ids(upstream=True)
    group = ti.task.get_closest_mapped_task_group()
    beside = {task.task_id for task in group.iter_tasks()} if group else frozenset()

    def counts(name: str) -> bool:
        task, _, index = name.rpartition("_")
        if index.isdigit() and task in before:
            return task not in beside or int(index) == ti.map_index
        return name in before

    return [name for name in unfinished_tasks(ti) if counts(name)]


def first_cause(ti: Any, unfinished: Iterable[str]) -> str | None:
    """Return in one sentence which task of a run failed first, and why; None if none said why.

    Args:
        ti: A task instance of the run, which may read the others' XComs.
        unfinished: The tasks that failed or could not run, as Airflow's states call them.
    """
    names = set(unfinished)
    tasks = dict.fromkeys(task for name in names for task in (name, name.rpartition("_")[0]))
    problems: list[Problem] = [
        problem
        for problem in ti.xcom_pull(task_ids=list(filter(None, tasks)), key=PROBLEM) or ()
        if problem and problem["name"] in names and not problem["follows"]
    ]
    if not problems:
        return None
    first, *others = sorted(problems, key=itemgetter("at"))
    cause = f"{first['task']} failed: {first['text']}"
    # The last task of every DAG fails where another has.
    if also := ", ".join(other["task"] for other in others if other["name"] != _LAST):
        cause = f"{cause.rstrip('.')}; so did {also}"
    return cause
