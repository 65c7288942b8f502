"""What a worker shows of itself while it works."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from keeper.cli.streams.heartbeats import HeartbeatWriter, last_heartbeat
from keeper.metrics import Waits, WorkerMetrics
from keeper.settings import load_settings


@pytest.fixture(autouse=True)
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("KEEPER_RUN_DIR", str(tmp_path))
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


def messages_seen() -> int:
    left = last_heartbeat("index-prices")
    assert left is not None
    assert left.metrics is not None
    messages: int = left.metrics["messages"]
    return messages


def test_health_shows_what_a_worker_has_done() -> None:
    metrics = WorkerMetrics(messages=12_345, batches=3, dead_letters=2, last_batch=40)
    with metrics.timed("store"):
        pass
    HeartbeatWriter("consume-prices", metrics.waits, metrics)

    shown = CliRunner().invoke(app, ["health", "consume-prices"])

    assert shown.exit_code == 0
    assert "consume-prices: ready, last heartbeat 0 s ago" in shown.stdout
    words = [line.split() for line in shown.stdout.splitlines()]
    assert ["messages", "12,345"] in words
    assert ["last", "batch", "40"] in words
    assert ["lag", "unknown"] in words
    assert ["seconds", "in", "store", "0.0"] in words


def test_a_sign_is_left_at_most_once_a_second() -> None:
    metrics = WorkerMetrics()
    sign = HeartbeatWriter("index-prices", metrics.waits, metrics)
    metrics.messages = 7
    sign.beat()

    assert messages_seen() == 0
    left = last_heartbeat("index-prices")
    assert left is not None
    assert 0 <= left.age_s < 60


def test_a_full_disk_ends_no_work_and_signs_come_again_once_there_is_room(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = iter(range(100, 200))
    monkeypatch.setattr("keeper.cli.streams.heartbeats.time.monotonic", lambda: float(next(now)))
    metrics = WorkerMetrics()
    sign = HeartbeatWriter("index-prices", metrics.waits, metrics)
    # What a write to a full disk is here: root may write everywhere.
    fresh = run_dir / "index-prices.fresh"
    fresh.mkdir()
    metrics.messages = 1
    sign.beat()
    sign.beat()
    assert caplog.text.count("the work goes on") == 1
    assert messages_seen() == 0

    fresh.rmdir()
    sign.beat()

    assert messages_seen() == 1


def test_a_worker_that_never_ran_has_left_no_sign() -> None:
    assert last_heartbeat("deliver") is None


def test_a_worker_that_waits_is_degraded_and_says_for_what_and_since_when() -> None:
    waits = Waits()
    assert waits.record("store", "PostgreSQL does not answer")
    assert not waits.record("store", "PostgreSQL is starting")
    HeartbeatWriter("deliver", waits)

    shown = CliRunner().invoke(app, ["health", "deliver"])

    assert shown.exit_code == 0
    assert "deliver: degraded" in shown.stdout
    (since,) = [wait.since for wait in waits.snapshot()]
    at = f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M:%S} UTC"
    assert f"waits since {at}: PostgreSQL is starting" in shown.stdout
    assert CliRunner().invoke(app, ["health", "deliver", "--ready"]).exit_code == 1


def test_a_worker_that_goes_on_is_ready_again() -> None:
    waits = Waits()
    waits.record("kafka", "no topic")
    assert waits.record("kafka", None)
    assert not waits.record("kafka", None)
    HeartbeatWriter("deliver", waits)

    assert CliRunner().invoke(app, ["health", "deliver", "--ready"]).exit_code == 0


@pytest.mark.parametrize("text", ["", '{"messages": 1}', '{"waits": [1], "metrics": null}', "{"])
def test_a_sign_of_another_version_says_that_the_worker_lives(run_dir: Path, text: str) -> None:
    (run_dir / "deliver.alive").write_text(text)

    left = last_heartbeat("deliver")

    assert left is not None
    assert (left.waits, left.metrics) == ((), None)
