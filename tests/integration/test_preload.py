"""The preload in a process of its own: what it loads, and that a fork of it works."""

import json
import subprocess
import sys

SCHEDULER = """
import json, os, sys, threading

from keeper.orchestration.preload import preload_in_scheduler

preloaded = preload_in_scheduler(["airflow", "scheduler"])
loaded = [m for m in ("great_expectations", "pandas", "confluent_kafka") if m in sys.modules]
threads = len(os.listdir("/proc/self/task"))
child = os.fork()
if child == 0:
    import pandas as pd
    from keeper.checks.price_records import validate_price_records
    from keeper.domain.prices.points import from_keepa_minutes

    records = pd.DataFrame(
        {
            "asin": ["B00EXAMPLE", "short"],
            "domain": "us",
            "currency": "USD",
            "price_type": "NEW",
            "observed_at": pd.Timestamp("2025-04-30T12:00Z"),
            "price_minor": pd.array([1999, 1999], dtype="Int64"),
            "shipping_minor": pd.array([None, None], dtype="Int64"),
        }
    )
    verdict = validate_price_records(
        records, checked_at=from_keepa_minutes(7_600_000), name="forked"
    )
    os._exit(0 if verdict.failed_rows == (1,) and threading.active_count() == 1 else 1)
_, status = os.waitpid(child, 0)
print(
    json.dumps(
        {
            "preloaded": preloaded,
            "loaded": loaded,
            "threads": threads,
            "child": os.waitstatus_to_exitcode(status),
        }
    )
)
"""


def test_a_fork_of_the_preloaded_scheduler_checks_records() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCHEDULER], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {
        "preloaded": True,
        "loaded": ["great_expectations", "pandas", "confluent_kafka"],
        "threads": 1,
        "child": 0,
    }
