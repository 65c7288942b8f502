"""Which disks are looked at, and by whom."""

from pathlib import Path

import pytest

from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.services import monitor_backups
from keeper.pipeline.services.monitor_backups import monitor_room
from keeper.pipeline.storage.disks import Disk, folders_of
from keeper.settings import Settings


def test_an_empty_folder_of_backups_stands_for_no_disk(tmp_path: Path) -> None:
    settings = Settings.from_variables({"KEEPER_BACKUPS": str(tmp_path)})
    # So it is in a container that lacks their volume.
    assert tmp_path not in list(folders_of(settings))
    manifests.sets_of(tmp_path).mkdir()
    assert tmp_path in list(folders_of(settings))


def test_whoever_makes_backups_looks_at_their_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"KEEPER_BACKUPS": str(tmp_path), "KEEPER_LEAST_FREE_PERCENT": "10"}
    free = 5
    monkeypatch.setattr(
        monitor_backups,
        "disks_of",
        lambda folders: [Disk(tuple(map(str, folders)), 100, free)],
    )
    found = monitor_room(Settings.from_variables(variables))
    assert found.trouble is not None
    assert found.trouble.topic == found.topic == "room-for-backups"
    assert str(tmp_path) in found.trouble.details
    free = 50
    assert monitor_room(Settings.from_variables(variables)).trouble is None
    free = 5
    assert monitor_room(Settings.from_variables({"KEEPER_BACKUPS": ""})).trouble is None
