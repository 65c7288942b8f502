"""Runs a DAG once by `dag.test()`, in a process of its own, and says how its tasks ended.

Reads JSON from its first argument: `file`, `dag_id`, `conf`, `use_executor` if tasks are to run as
a scheduler lets them run, by the executor, and speak to an API server, and `retries`, false if a
task that fails has failed. Prints JSON in its last line: the run's `state`, and by task `states`,
`results` and `summaries`.
"""

import json
import sys
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session


def main(asked: dict[str, Any]) -> None:
    """Run what is asked for."""
    bag = DagBag(asked["file"])
    assert not bag.import_errors, bag.import_errors
    dag = bag.dags[asked["dag_id"]]
    # With one, dag.test() of 3.3.2 ends in an error of SQLAlchemy's.
    dag.deadline = None
    if not asked.get("retries", True):
        for task in dag.tasks:
            task.retries = 0
    run = dag.test(run_conf=asked["conf"], use_executor=asked.get("use_executor", False))
    with create_session() as session:
        values = session.query(XComModel).filter_by(dag_id=run.dag_id, run_id=run.run_id).all()
        kept = [(one.key, one.task_id, XComModel.deserialize_value(one)) for one in values]
        states = {ti.task_id: ti.state for ti in run.get_task_instances(session=session)}
    said = {
        "state": run.state,
        "run_id": run.run_id,
        "states": states,
        "results": {task: value for key, task, value in kept if key == "return_value"},
        "summaries": {task: value for key, task, value in kept if key == "summary"},
    }
    sys.stdout.write("\n" + json.dumps(said, default=str) + "\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
