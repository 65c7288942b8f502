"""Asks Airflow to backfill each DAG, and says what it made or why it refused.

Reads the DAG files of the folder in its first argument into Airflow's database, then does what
`airflow backfill create` does, from 2026-02-01 to 2026-02-02. Prints JSON in its last line: by DAG
`refused`, the error's text, or `runs`, each with its kind and interval.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.exceptions import AirflowException  # type: ignore[attr-defined]  # re-exported
from airflow.models.backfill import ReprocessBehavior, _create_backfill
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session

SINCE, UNTIL = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)


def backfilled(dag_id: str) -> dict[str, Any]:
    """Backfill a day of a DAG."""
    try:
        _create_backfill(
            dag_id=dag_id,
            from_date=SINCE,
            to_date=UNTIL,
            max_active_runs=1,
            reverse=False,
            dag_run_conf={},
            triggering_user_name="test",
            reprocess_behavior=ReprocessBehavior.NONE,
        )
    except AirflowException as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    with create_session() as session:
        runs = session.query(DagRun).filter_by(dag_id=dag_id).order_by(DagRun.logical_date).all()
        return {
            "runs": [
                [
                    run.run_type,
                    run.data_interval_start and run.data_interval_start.isoformat(),
                    run.data_interval_end and run.data_interval_end.isoformat(),
                ]
                for run in runs
            ]
        }


def main(folder: Path) -> None:
    """Backfill every DAG of a folder."""
    bag = DagBag(str(folder))
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, "dags-folder", None)
    found = {dag_id: backfilled(dag_id) for dag_id in sorted(bag.dags)}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
