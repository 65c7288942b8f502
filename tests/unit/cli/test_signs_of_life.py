"""What a worker shows of itself while it works."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.cli.signs_of_life import SignOfLife, last_sign
from keeper.metrics import WorkerMetrics


@pytest.fixture(autouse=True)
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEEPER_RUN_DIR", str(tmp_path))
    return tmp_path


def test_health_shows_what_a_worker_has_done() -> None:
    metrics = WorkerMetrics(messages=12_345, batches=3, dead_letters=2, last_batch=40)
    with metrics.timed("store"):
        pass
    SignOfLife("consume-prices", metrics)

    shown = CliRunner().invoke(app, ["health", "consume-prices"])

    assert shown.exit_code == 0
    words = [line.split() for line in shown.stdout.splitlines()]
    assert ["messages", "12,345"] in words
    assert ["last", "batch", "40"] in words
    assert ["lag", "unknown"] in words
    assert ["seconds", "in", "store", "0.0"] in words


def test_a_sign_is_left_at_most_once_a_second() -> None:
    metrics = WorkerMetrics()
    sign = SignOfLife("index-prices", metrics)
    metrics.messages = 7
    sign.beat()

    left = last_sign("index-prices")

    assert left is not None
    assert left.metrics is not None
    assert left.metrics["messages"] == 0
    assert 0 <= left.age_s < 60


def test_a_worker_that_never_ran_has_left_no_sign() -> None:
    assert last_sign("deliver") is None
