"""Receiving the write-ahead log: when the receiver counts as working, and what is said if not."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups import receive, ship_log
from keeper.pipeline.backups.place import BackupPlace
from keeper.pipeline.backups.receive import ReceiverEndedError, receive_wal
from keeper.pipeline.backups.ship_log import LogShipper
from keeper.pipeline.services import monitor_backups
from keeper.pipeline.services.monitor_backups import LOG_AGE, LOG_BEHIND, monitor_log
from keeper.settings import Settings
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.backups import wal
from keeper.stores.postgres.backups.programs import Programs, Server
from keeper.stores.postgres.backups.wal import SEGMENT_BYTES, Segment, Slot, segments_in

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a shell's command stand for pg_receivewal, and no server."""

    @contextmanager
    def session(_config: object) -> Iterator[None]:
        yield None

    monkeypatch.setattr(receive, "session", session)
    monkeypatch.setattr(receive, "server_of", lambda _: Server(18_0004, "7"))
    monkeypatch.setattr(receive, "timeline_of", lambda _: 1)
    monkeypatch.setattr(receive, "copy_replies", lambda *_, **__: None)
    monkeypatch.setattr(wal, "make_slot", lambda _: None)
    monkeypatch.setattr(wal, "segment_bytes_of", lambda _: SEGMENT_BYTES)
    monkeypatch.setattr(Programs, "require_as_new_as", lambda *_: None)

    def stand_in(command: str) -> None:
        monkeypatch.setattr(wal, "receiver", lambda *_: (["sh", "-c", command], {}))

    return stand_in


def ended_within(_seconds: float) -> None:
    """Wait as the worker does; what is to end here takes a moment of it."""
    time.sleep(0.3)


def settings_of(folder: Path) -> Settings:
    return Settings.from_variables(
        {
            "KEEPER_BACKUPS": str(folder),
            "KEEPER_BACKUP_SERVER_URL": "postgresql://backup@localhost/postgres",
            "KEEPER_LAKE": (folder / "lake").as_uri(),
        }
    )


def test_a_receiver_that_only_ends_again_never_counts_as_working(
    receiver: Callable[[str], None], tmp_path: Path
) -> None:
    log = manifests.wal_of(tmp_path, manifests.log_name("7", 1))
    log.mkdir(parents=True)
    unfilled = log / "000000010000000000000001.partial"
    unfilled.write_bytes(b"\0" * 4096)
    receiver(f"test ! -e {unfilled} && echo no room >&2; exit 1")
    received: list[None] = []

    with pytest.raises(ReceiverEndedError, match="no room"):
        receive_wal(
            settings_of(tmp_path),
            stopped=lambda: False,
            wait=ended_within,
            received=lambda: received.append(None),
        )
    assert received == []


def test_a_receiver_that_goes_on_counts_as_working(
    receiver: Callable[[str], None], tmp_path: Path
) -> None:
    receiver("exec sleep 600")
    received: list[None] = []

    receive_wal(
        settings_of(tmp_path),
        stopped=lambda: bool(received),
        wait=lambda _: None,
        received=lambda: received.append(None),
    )
    assert len(received) == 1


def found(monkeypatch: pytest.MonkeyPatch, slot: Slot) -> str | None:
    monkeypatch.setattr(monitor_backups, "slot_of", lambda _: slot)
    connection: Any = None
    trouble = monitor_log(connection, at=NOW).trouble
    return None if trouble is None else trouble.subject


def test_a_log_that_nobody_takes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago, just_now = NOW - 2 * LOG_AGE, NOW - timedelta(seconds=5)
    assert found(monkeypatch, Slot(None, False, SEGMENT_BYTES)) is None
    assert found(monkeypatch, Slot(just_now, False, LOG_BEHIND)) is None
    assert found(monkeypatch, Slot(long_ago, False, 0)) == "nobody receives the write-ahead log"
    # Each attempt of one that ends at once takes the slot for a moment.
    behind = "the write-ahead log is not received as fast as it is written"
    for since in (just_now, None):
        assert found(monkeypatch, Slot(since, False, LOG_BEHIND + 1)) == behind


def test_a_segment_that_fills_while_it_goes_to_object_storage_goes_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, name = tmp_path / "root", "000000010000000000000001"
    place, log = BackupPlace(root, tmp_path / "work", root.as_uri()), "7-00000001"
    received, kept = (manifests.wal_of(folder, log) for folder in (place.work, place.root))
    for folder in (received, kept):
        folder.mkdir(parents=True)
    partial = received / f"{name}.partial"
    partial.write_bytes(b"log")
    shipper = LogShipper(place, log)

    def fills_meanwhile(folders: Iterable[LakePath]) -> list[Segment]:
        listed = segments_in(folders)
        partial.rename(received / name)
        return listed

    with monkeypatch.context() as patch:
        patch.setattr(ship_log, "segments_in", fills_meanwhile)
        shipper.ship()
    shipper.ship()
    assert [file.name for file in kept.iterdir()] == [name]
