"""Backups on object storage: written by way of a folder, whole or not at all, fetched back."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups import place as places
from keeper.pipeline.backups.choose import choose, reach_of_base
from keeper.pipeline.backups.manifest import Kind, Manifest, Postgres
from keeper.pipeline.backups.place import BackupPlace, place_at, publish, remove_unfinished
from keeper.pipeline.backups.prune import prune_backups
from keeper.pipeline.backups.ship_log import LogShipper
from keeper.pipeline.backups.validate import validate_backups
from keeper.settings import Settings
from keeper.stores.lake.paths import LakePath, LakeUnavailableError
from keeper.stores.lake.storage import store_file
from keeper.stores.postgres.backups.programs import Programs
from keeper.stores.postgres.backups.wal import content_of, segments_in
from tests.object_storage import BUCKET, s3_server

__all__ = ["s3_server"]
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
LOG = "7000000000000000000-00000001"
FULL = 16 * 1024 * 1024
PROGRAMS = Programs()


@pytest.fixture
def place(s3_server: str, tmp_path: Path) -> BackupPlace:
    return place_at(f"s3://{BUCKET}/{uuid.uuid4().hex}", tmp_path / "staging")


def made(place: BackupPlace, at: datetime, *, first: str | None = None) -> Manifest:
    """Make a backup of one file in the staging folder, as PostgreSQL's programs would."""
    name = manifests.free_name(place.root, at)
    path = manifests.sets_of(place.work) / f"{name}{manifests.UNFINISHED}"
    (path / "base").mkdir(parents=True)
    (path / "base" / "rows").write_bytes(b"rows")
    (path / "settings").write_bytes(b"{}")
    made = Manifest(
        format=1,
        name=name,
        kind=Kind.DUMP if first is None else Kind.BASE,
        keeper="0.1.0",
        began_at=at,
        moment=at,
        finished_at=at,
        postgres=Postgres("18.4", 18, ["keeper"], [], first and LOG, first),
        topics={},
        groups={},
        replies=0,
        settings=[],
        secrets=None,
        without=[],
        files=dict(manifests.files_below(path)),
    )
    manifests.write(path, made)
    publish(place, path, name)
    return made


def test_a_backup_is_there_once_its_manifest_is(
    place: BackupPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends_before_the_last_file(file: Path, target: LakePath) -> None:
        if target.name == "settings":
            raise LakeUnavailableError("away")
        store_file(file, target)

    with monkeypatch.context() as patch:
        patch.setattr(places, "store_file", ends_before_the_last_file)
        with pytest.raises(LakeUnavailableError):
            made(place, NOW - timedelta(days=1))
    assert manifests.backups_in(place.root) == []

    name = f"{NOW - timedelta(days=1):%Y%m%dT%H%M%SZ}"
    assert sorted(remove_unfinished(place)) == [name, f"{name}{manifests.UNFINISHED}"]
    kept = made(place, NOW)
    assert remove_unfinished(place) == []
    assert manifests.backups_in(place.root) == [kept]
    assert list(place.work.rglob("rows")) == []
    assert manifests.free_name(place.root, NOW) != kept.name


def test_it_is_read_whole_restored_from_and_pruned(place: BackupPlace) -> None:
    old, new = made(place, NOW - timedelta(days=60)), made(place, NOW)
    assert validate_backups(place, PROGRAMS, at=NOW).problems == ()
    assert choose(place, old.moment, PROGRAMS).manifest == old
    with places.fetched(place, new) as copy:
        digest = hashlib.sha256((copy / "base" / "rows").read_bytes()).hexdigest()
        assert digest == new.files["base/rows"].sha256
    assert not copy.exists()

    settings = Settings.from_variables(
        {"KEEPER_BACKUPS": place.url, "KEEPER_BACKUP_STAGING": str(place.work)}
    )
    assert prune_backups(settings, at=NOW, dry_run=False).backups == (old.name,)
    assert manifests.backups_in(place.root) == [new]
    sets = manifests.sets_of(place.root)
    assert [path.name for path in sets.iterdir()] == [new.name]

    (sets / new.name / "base" / "rows").write_bytes(b"rows?")
    (problem,) = validate_backups(place, PROGRAMS, at=NOW).problems
    assert "base/rows is not what was written" in problem


def test_each_reader_has_a_copy_of_its_own_and_none_is_left(place: BackupPlace) -> None:
    backup = made(place, NOW)
    with places.fetched(place, backup) as copy:
        with places.fetched(place, backup) as another:
            assert another != copy
        left = place.work / f"{backup.name}.killed.fetched"
        left.mkdir()
        # What is read at the moment stays.
        assert remove_unfinished(place) == [left.name]
        assert (copy / "base" / "rows").read_bytes() == b"rows"
    assert list(place.work.glob("*.fetched")) == []


def test_the_log_follows_a_minute_behind_and_leaves_this_machine(
    place: BackupPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    received, kept = (manifests.wal_of(root, LOG) for root in (place.work, place.root))
    names = [f"0000000100000000000000{number:02X}" for number in range(1, 4)]
    received.mkdir(parents=True)
    for name in names[:2]:
        (received / name).write_bytes(b"log")
    partial = received / f"{names[2]}.partial"
    partial.write_bytes(b"begun".ljust(FULL, b"\0"))
    now = 1_000.0
    shipper = LogShipper(place, LOG, lambda: now)

    shipper.ship()
    # By the newest whole one pg_receivewal knows where it goes on.
    assert sorted(path.name for path in received.iterdir()) == [names[1], partial.name]
    assert (kept / partial.name).read_bytes() == b"begun"
    (*_, last) = segments_in([kept])
    assert content_of(last) == partial.read_bytes()

    partial.write_bytes(b"begun and more".ljust(FULL, b"\0"))
    shipper.ship()
    assert (kept / partial.name).read_bytes() == b"begun"
    now += 60
    shipper.ship()
    assert (kept / partial.name).read_bytes() == b"begun and more"
    partial.unlink()
    (received / names[2]).write_bytes(b"log")
    shipper.ship()
    assert [one.file.name for one in segments_in([kept])] == names
    assert not (kept / partial.name).exists()

    base = made(place, NOW, first=names[0])
    monkeypatch.setattr("keeper.pipeline.backups.choose.reach_of", lambda *_: None)
    assert [one.name for one in reach_of_base(place, base, PROGRAMS).segments] == names
