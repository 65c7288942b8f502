"""Disks that get full: what is to be written waits, nothing is lost, and it goes on by itself."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from keeper.cli.streams.heartbeats import HeartbeatWriter, last_heartbeat
from keeper.metrics import Waits
from keeper.pipeline.services.monitor import monitor_disks
from keeper.settings import load_settings
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.paths import LakeUnavailableError
from keeper.stores.lake.storage import lake_at
from keeper.stores.postgres.connection import DatabaseUnavailableError, PostgresConfig, session
from keeper.stores.postgres.prices.writer import PriceWriter
from stack.accounts import give
from tests.price_events import price_event
from tests.second_server import superuser_url, whole_stack
from tests.services import Stack, stack_home

MB = 1 << 20


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on a disk for the block."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free)
    try:
        yield
    finally:
        ballast.unlink()


@pytest.fixture
def make_disk() -> Iterator[Callable[[int], Path]]:
    """Makes small disks in memory, which only root may."""
    made: list[Path] = []

    def make(size: int) -> Path:
        disk = stack_home() / f"disk-{os.getpid()}-{len(made)}"
        disk.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
        if subprocess.run(words, check=False, capture_output=True).returncode != 0:
            disk.rmdir()
            # Nothing else on this machine makes a disk full without harm.
            pytest.skip("only root may make a disk")
        made.append(disk)
        return disk

    yield make
    for disk in made:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


@pytest.fixture
def database_on_a_disk(
    stack: Stack, database: PostgresConfig, make_disk: Callable[[int], Path]
) -> Iterator[tuple[PostgresConfig, Path]]:
    """A migrated database whose tables are on a small disk."""
    disk = make_disk(64 * MB)
    folder = disk / "tables"
    folder.mkdir()
    give(whole_stack(stack).account, disk, folder)
    name, space = database.url.rpartition("/")[2], f"space_{os.getpid()}"
    with psycopg.connect(superuser_url(stack), autocommit=True) as admin:
        admin.execute(f"CREATE TABLESPACE {space} LOCATION '{folder}'".encode())
        admin.execute(f'ALTER DATABASE "{name}" SET TABLESPACE {space}'.encode())
        try:
            yield database, disk
        finally:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )
            admin.execute(f'ALTER DATABASE "{name}" SET TABLESPACE pg_default'.encode())
            admin.execute(f"DROP TABLESPACE {space}".encode())


def test_a_full_disk_of_postgres_makes_a_loader_wait_and_costs_nothing(
    database_on_a_disk: tuple[PostgresConfig, Path],
) -> None:
    database, disk = database_on_a_disk
    batches = [
        [price_event(1000 + n, hour=n, asin=f"B{batch:04d}{n:05d}") for n in range(2_000)]
        for batch in range(3)
    ]
    with closing(PriceWriter(database)) as writer:
        writer.store(batches[0])
        with full(disk):
            with pytest.raises(DatabaseUnavailableError, match="No space left on device"):
                writer.store([*batches[1], *batches[2]])
            with session(database) as connection:
                # What is there can be read all the while.
                assert connection.execute("SELECT FROM price_points LIMIT 1").rowcount == 1
        for batch in batches:
            writer.store(batch)
    with session(database) as connection:
        assert connection.execute("SELECT FROM price_points").rowcount == 6_000
        assert connection.execute("SELECT FROM price_series").rowcount == 6_000


def test_a_worker_works_on_while_its_run_folder_is_full(
    make_disk: Callable[[int], Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = make_disk(MB)
    monkeypatch.setenv("KEEPER_RUN_DIR", str(disk / "run"))
    load_settings.cache_clear()
    now = [100.0]
    monkeypatch.setattr("keeper.cli.streams.heartbeats.time.monotonic", lambda: now[0])
    with full(disk):
        writer = HeartbeatWriter("consume-prices", Waits())
        now[0] += 2
        writer.beat()
        assert "No space left on device" in caplog.text
        assert caplog.text.count("the work goes on") == 1
    now[0] += 2
    writer.beat()
    assert last_heartbeat("consume-prices") is not None
    load_settings.cache_clear()


def test_a_full_lake_refuses_a_reply_in_a_sentence_and_takes_it_once_there_is_room(
    make_disk: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = make_disk(MB)
    monkeypatch.setenv("KEEPER_LAKE", disk.as_uri())
    load_settings.cache_clear()
    archive = ReplyArchive(lake_at(disk.as_uri()))
    body = os.urandom(64_000)

    def keep() -> None:
        archive.write(
            body,
            endpoint="product",
            domain="us",
            asked=("B000000001",),
            received_at=datetime(2026, 3, 1, tzinfo=UTC),
            tokens_consumed=1,
            source="simulator",
            run_id="run",
        )

    assert monitor_disks(load_settings()).trouble is None
    with full(disk):
        with pytest.raises(LakeUnavailableError, match="No space left on device"):
            keep()
        # What was written half is no reply.
        assert list(archive.replies("product")) == []
        trouble = monitor_disks(load_settings()).trouble
        assert trouble is not None
        assert trouble.topic == "storage"
        assert str(disk) in trouble.details
    keep()
    (reply,) = archive.replies("product")
    assert archive.read(reply) == body
    load_settings.cache_clear()
