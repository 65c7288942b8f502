"""A price run through Airflow's API, waited for."""

import time

from stack.airflow_api import AirflowApi
from stack.docker.composed import ComposedSystem

PRODUCTS = 60


def watch_products(system: ComposedSystem) -> None:
    """Watch some of the simulator's products."""
    words = ("--watch-list", str(PRODUCTS), "--locales", "us,de")
    watch_list = system.keeper("simulate-keepa", *words)
    system.keeper("watch", "import", "/dev/stdin", stdin=watch_list)


def track_prices(airflow: AirflowApi) -> str:
    """Run track_prices to its end and return the run's name in Keeper's records."""
    run_id = f"compose__{time.time_ns()}"
    airflow.wait_for_dag("track_prices", 120)
    airflow.unpause("track_prices")
    airflow.trigger("track_prices", run_id, None)
    deadline = time.monotonic() + 900
    while (state := airflow.run_state("track_prices", run_id)) not in {"success", "failed"}:
        assert time.monotonic() < deadline, airflow.task_instances("track_prices", run_id)
        time.sleep(2)  # between two looks at Airflow, which notifies nobody of a run's end
    assert state == "success", airflow.task_instances("track_prices", run_id)
    return f"track_prices/{run_id}"
