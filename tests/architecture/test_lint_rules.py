"""The lint rules that guard the layout notice what they forbid, and only where they forbid it."""

import subprocess
from pathlib import Path

import pytest


def broken_rules(source: str, path: str, root: Path, scripts: Path) -> set[str]:
    done = subprocess.run(
        [
            scripts / "ruff",
            "check",
            "--no-cache",
            "--select=TID,DTZ,AIR",
            "--output-format=concise",
            f"--stdin-filename={path}",
            "-",
        ],
        cwd=root,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return {line.split()[1] for line in done.stdout.splitlines() if line.startswith(path)}


@pytest.mark.parametrize(
    ("source", "path", "rule"),
    [
        ("import airflow.sdk", "include/keeper/streams/topics.py", "TID251"),
        ("from airflow.sdk import dag", "tests/unit/test_something.py", "TID251"),
        ("import pandas as pd", "dags/track_prices.py", "TID253"),
        ("from keeper.pipeline.prices.plan import plan_run", "dags/track_prices.py", "TID253"),
        ("from great_expectations import get_context", "dags/track_prices.py", "TID253"),
        ("from . import topics", "include/keeper/streams/producer.py", "TID252"),
        ("import datetime\ndatetime.datetime.now()", "include/keeper/clock.py", "DTZ005"),
        ("from airflow.models import DAG\nDAG('x')", "dags/track_prices.py", "AIR311"),
    ],
)
def test_a_rule_notices(source: str, path: str, rule: str, root: Path, scripts: Path) -> None:
    assert rule in broken_rules(source + "\n", path, root, scripts)


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("from airflow.sdk import Asset", "include/keeper/orchestration/airflow/assets.py"),
        ("from airflow.sdk import dag", "dags/track_prices.py"),
        ("import airflow.plugins_manager", "plugins/keeper_console/plugin.py"),
        ("import pandas as pd", "include/keeper/checks/price_records.py"),
        ("def task():\n    import pandas as pd", "dags/track_prices.py"),
    ],
)
def test_a_rule_lets_be(source: str, path: str, root: Path, scripts: Path) -> None:
    assert broken_rules(source + "\n", path, root, scripts) == set()
