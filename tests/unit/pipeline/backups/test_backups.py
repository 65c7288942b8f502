"""Which backup restores a moment, what is pruned, and what is wrong with a folder of backups."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keeper.errors import SettingsError
from keeper.pipeline.backups import choose as choosing
from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.choose import Choice, Reach, choose
from keeper.pipeline.backups.manifest import Kind, Manifest, NoBackupError, Postgres
from keeper.pipeline.backups.place import BackupPlace, place_at
from keeper.pipeline.backups.prune import prune_backups
from keeper.pipeline.backups.receive import ended
from keeper.pipeline.backups.replies import copy_replies
from keeper.pipeline.backups.validate import validate_backups
from keeper.pipeline.restores import database
from keeper.pipeline.restores.database import Place
from keeper.settings import Settings
from keeper.stores.lake.archive import ReplyArchive
from keeper.stores.lake.storage import lake_at
from keeper.stores.postgres.backups.base_backups import DamagedBackupError
from keeper.stores.postgres.backups.programs import OlderClientError, Programs, Server
from keeper.stores.postgres.backups.wal import (
    WalGapError,
    content_of,
    remove_unfilled,
    segments_from,
    segments_in,
)

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LOG = "7000000000000000000-00000001"
PROGRAMS = Programs()


def segment(number: int) -> str:
    return f"00000001{number // 256:08X}{number % 256:08X}"


def add_backup(folder: Path, at: datetime, kind: Kind, first: int = 0) -> Manifest:
    base = kind is Kind.BASE
    postgres = Postgres(
        server="18.4",
        client=18,
        databases=["keeper"],
        migrations=[],
        log=LOG if base else None,
        first_segment=segment(first) if base else None,
    )
    name = manifests.free_name(folder, at)
    path = manifests.sets_of(folder) / name
    path.mkdir(parents=True)
    (path / "keeper.dump").write_bytes(b"rows")
    made = Manifest(
        format=1,
        name=name,
        kind=kind,
        keeper="0.1.0",
        began_at=at,
        moment=at,
        finished_at=at,
        postgres=postgres,
        topics={},
        groups={},
        replies=0,
        settings=[],
        secrets=None,
        without=[],
        files=dict(manifests.files_below(path)),
    )
    manifests.write(path, made)
    return made


def add_log(folder: Path, *numbers: int) -> Path:
    log = manifests.wal_of(folder, LOG)
    log.mkdir(parents=True)
    for number in numbers:
        (log / segment(number)).write_bytes(b"log")
    return log


def here(folder: Path) -> BackupPlace:
    return place_at(str(folder), folder)


def settings_of(folder: Path) -> Settings:
    return Settings.from_variables({"KEEPER_BACKUPS": str(folder)})


def test_two_backups_of_one_second_have_names_of_their_own(tmp_path: Path) -> None:
    names = [
        add_backup(tmp_path, NOW + timedelta(milliseconds=ms), Kind.DUMP).name for ms in (0, 9)
    ]
    assert names == ["20260320T120000Z", "20260320T120001Z"]
    assert [made.name for made in manifests.backups_in(tmp_path)] == names


def test_a_dump_restores_its_own_moment_and_names_the_nearest_two(tmp_path: Path) -> None:
    first = add_backup(tmp_path, NOW - DAY, Kind.DUMP)
    second = add_backup(tmp_path, NOW, Kind.DUMP)

    assert choose(here(tmp_path), NOW - DAY, PROGRAMS).manifest == first
    assert choose(here(tmp_path), None, PROGRAMS).manifest == second
    assert choose(here(tmp_path), None, PROGRAMS, name=first.name).manifest == first
    with pytest.raises(NoBackupError) as refused:
        choose(here(tmp_path), NOW - DAY / 2, PROGRAMS)
    assert "2026-03-19T12:00:00.000000Z and 2026-03-20T12:00:00.000000Z" in str(refused.value)


def test_a_base_backup_restores_what_its_log_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add_backup(tmp_path, NOW - 2 * DAY, Kind.BASE)
    second = add_backup(tmp_path, NOW - DAY, Kind.BASE)
    monkeypatch.setattr(choosing, "reach_of_base", lambda *_: Reach((), NOW))

    assert choose(here(tmp_path), NOW - DAY * 1.5, PROGRAMS).manifest == first
    assert choose(here(tmp_path), NOW - DAY * 0.5, PROGRAMS).manifest == second
    # PostgreSQL fails where it is to end at a moment that it never passes.
    assert choose(here(tmp_path), NOW - DAY, PROGRAMS).at == NOW - DAY
    last = choose(here(tmp_path), NOW, PROGRAMS)
    assert (last.moment, last.at) == (NOW, None)
    for moment in (NOW + DAY, NOW - 3 * DAY):
        with pytest.raises(NoBackupError, match="nearest"):
            choose(here(tmp_path), moment, PROGRAMS)


def test_without_a_backup_nothing_is_restored(tmp_path: Path) -> None:
    with pytest.raises(NoBackupError, match="no finished backup"):
        choose(here(tmp_path), None, PROGRAMS)
    (problem,) = validate_backups(here(tmp_path), PROGRAMS, at=NOW).problems
    assert "keeper backup make" in problem


def test_a_backup_that_is_being_deleted_is_none(tmp_path: Path) -> None:
    kept, deleted = (add_backup(tmp_path, at, Kind.DUMP) for at in (NOW - DAY, NOW))
    path = manifests.sets_of(tmp_path) / deleted.name
    path.rename(path.with_name(f"{deleted.name}{manifests.UNFINISHED}"))
    assert manifests.backups_in(tmp_path) == [kept]


def test_prune_keeps_what_a_restore_needs(tmp_path: Path) -> None:
    old = add_backup(tmp_path, NOW - 60 * DAY, Kind.BASE, 1)
    newest_base = add_backup(tmp_path, NOW - 30 * DAY, Kind.BASE, 3)
    dump = add_backup(tmp_path, NOW - 29 * DAY, Kind.DUMP)
    log = add_log(tmp_path, 1, 2, 3, 4)

    asked = prune_backups(settings_of(tmp_path), at=NOW, dry_run=True)
    assert asked.backups == (old.name,)
    assert len(segments_in([log])) == 4
    done = prune_backups(settings_of(tmp_path), at=NOW, dry_run=False)
    assert (done.backups, done.segments) == ((old.name,), 2)
    assert manifests.backups_in(tmp_path) == [newest_base, dump]
    assert [one.name for one in segments_in([log])] == [segment(3), segment(4)]


def test_a_damaged_or_old_backup_is_named(tmp_path: Path) -> None:
    made = add_backup(tmp_path, NOW - 2 * DAY, Kind.DUMP)
    (manifests.sets_of(tmp_path) / made.name / "keeper.dump").write_bytes(b"rows?")

    old, damaged = validate_backups(here(tmp_path), PROGRAMS, at=NOW).problems
    assert "48 h old" in old
    assert "keeper.dump is not what was written" in damaged
    (only_old,) = validate_backups(here(tmp_path), PROGRAMS, at=NOW, read=False).problems
    assert only_old == old


@pytest.mark.parametrize("kind", Kind)
def test_a_damaged_backup_replaces_nothing(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add_backup(tmp_path, NOW, kind)
    path = manifests.sets_of(tmp_path) / made.name
    (path / "keeper.dump").write_bytes(b"rows?")
    monkeypatch.setattr(database, "server_of", lambda _: Server(0))
    monkeypatch.setattr(database, "_begin_anew", lambda *_: None)
    monkeypatch.setattr(database, "_is_restored", lambda *_: False)
    monkeypatch.setattr(database, "_state", lambda *_: False)
    monkeypatch.setattr(Programs, "require_as_new_as", lambda *_: None)
    choice = Choice(made, here(tmp_path), NOW, NOW, ())
    place = Place(tmp_path / "data", None, 1, replace=True, say=print)

    # No database answers here: whatever touched one would fail otherwise.
    with pytest.raises(DamagedBackupError, match=r"keeper\.dump is not what was written"):
        database.restore_postgres(settings_of(tmp_path), choice, place, at=NOW)
    assert not (tmp_path / "data").exists()


def test_a_gap_in_the_log_is_found(tmp_path: Path) -> None:
    log = add_log(tmp_path, 254, 255, 256, 258)
    assert [one.name for one in segments_in([log])][2] == "000000010000000100000000"
    until, problem = segments_from(segments_in([log]), segment(254))
    assert [one.name for one in until] == [segment(number) for number in (254, 255, 256)]
    assert f"gap after {segment(256)}" in str(problem)
    assert segments_from(segments_in([log]), segment(258))[1] is None
    with pytest.raises(WalGapError, match=f"lacks {segment(2)}"):
        segments_from(segments_in([log]), segment(2))


def test_segments_of_another_size_are_counted_by_it(tmp_path: Path) -> None:
    names = ("00000001000000000000003F", "000000010000000100000000")
    for name in names:
        with (tmp_path / name).open("wb") as file:
            file.truncate(64 * 1024 * 1024)
    read, problem = segments_from(segments_in([tmp_path]), names[0])
    assert ([one.name for one in read], problem) == (list(names), None)


def test_a_segment_without_its_end_is_as_long_as_it_says(tmp_path: Path) -> None:
    size = 1024 * 1024
    file = tmp_path / f"{segment(1)}.partial"
    file.write_bytes(bytes(32) + size.to_bytes(4, "little") + b"\1")
    (found,) = segments_in([tmp_path])
    assert len(content_of(found)) == size


def test_a_segment_without_its_end_is_a_gap_before_another(tmp_path: Path) -> None:
    log = add_log(tmp_path, 1, 3)
    (log / f"{segment(2)}.partial").write_bytes(b"log")
    until, problem = segments_from(segments_in([log]), segment(1))
    assert [one.name for one in until] == [segment(1), segment(2)]
    assert f"gap after {segment(2)}" in str(problem)

    # The server was promoted within a segment, which the new timeline has from its beginning.
    (log / segment(3)).unlink()
    (log / segment(2).replace("00000001", "00000002", 1)).write_bytes(b"log")
    until, problem = segments_from(segments_in([log]), segment(1))
    assert (len(until), problem) == (3, None)


def test_a_log_that_cannot_be_continued_begins_anew_beside_the_former(tmp_path: Path) -> None:
    log = add_log(tmp_path, 1, 2)
    removed = "ERROR:  requested WAL segment 000000010000000000000003 has already been removed"
    said = (
        f"pg_receivewal: error: could not stream: {removed}\npg_receivewal: error: disconnected\n"
    )
    assert "it said nothing" in str(ended("", log, NOW))
    assert log.exists()

    sentence = str(ended(said, log, NOW))
    assert removed in sentence
    assert "Make a new backup now" in sentence
    assert not log.exists()
    add_log(tmp_path, 4)
    parts = manifests.parts_of_wal(tmp_path, LOG)
    assert [part.name for part in parts] == [LOG, f"{LOG}.until-20260320T120000Z"]
    until, problem = segments_from(segments_in(parts), segment(1))
    assert [one.name for one in until] == [segment(1), segment(2)]
    assert f"gap after {segment(2)}" in str(problem)


def test_the_whole_segment_counts_before_its_beginning(tmp_path: Path) -> None:
    log = add_log(tmp_path, 1)
    (log / f"{segment(1)}.partial").write_bytes(b"lo")
    (log / f"{segment(2)}.partial").write_bytes(b"lo")
    assert [(one.name, one.is_partial) for one in segments_in([log])] == [
        (segment(1), False),
        (segment(2), True),
    ]


def test_a_segment_that_a_full_disk_left_unfilled_is_begun_again(tmp_path: Path) -> None:
    log = add_log(tmp_path, 1)
    unfilled, filled, begun = (log / f"{segment(number)}.partial" for number in (2, 3, 4))
    for file, size in ((unfilled, 8 * 1024 * 1024), (filled, 16 * 1024 * 1024), (begun, 0)):
        with file.open("wb") as written:
            written.truncate(size)
    assert remove_unfilled(log) == [unfilled.name]
    assert sorted(file.name for file in log.iterdir()) == [segment(1), filled.name, begun.name]
    # A server may have been made with larger ones.
    assert remove_unfilled(log, 64 * 1024 * 1024) == [filled.name]

    full = f"pg_receivewal: error: could not write to file: {os.strerror(errno.ENOSPC)}"
    assert f"make room on the disk of {log}" in str(ended(full, log, NOW))
    assert "make room" not in str(ended("pg_receivewal: error: disconnected", log, NOW))


def test_older_programs_are_refused_in_a_sentence(tmp_path: Path) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-0)'\n")
    program.chmod(0o755)
    programs = Programs(tmp_path)
    programs.require_as_new_as("pg_dump", Server(15_0018))
    with pytest.raises(OlderClientError, match=r"pg_dump is of PostgreSQL 15 .* PostgreSQL 18"):
        programs.require_as_new_as("pg_dump", Server(18_0004))
    with pytest.raises(SettingsError, match="pg_restore is not in"):
        programs.path_of("pg_restore")


def test_replies_are_copied_once_and_a_broken_copy_again(tmp_path: Path) -> None:
    source, target = (lake_at((tmp_path / name).as_uri()) for name in ("from", "to"))
    for hour in range(3):
        ReplyArchive(source).write(
            b"{}" * (hour + 1),
            endpoint="product",
            domain="us",
            asked=("B000000001",),
            received_at=NOW + timedelta(hours=hour),
            tokens_consumed=1,
            source="simulator",
            run_id="run",
        )

    assert copy_replies(source, target).files == 6
    assert copy_replies(source, target).files == 0
    body = next((tmp_path / "to").rglob("*.json.gz"))
    body.write_bytes(body.read_bytes()[:5])
    assert copy_replies(source, target).files == 1
    copied = list(ReplyArchive(target).replies("product"))
    assert [ReplyArchive(target).read(one) for one in copied] == [b"{}", b"{}{}", b"{}{}{}"]
    assert len(list((tmp_path / "to").rglob("*.*"))) == 6

    # One damaged in the lake leaves the copy as it is, which mends it on the way back.
    damaged = next((tmp_path / "from").rglob("*.json.gz"))
    damaged.write_bytes(damaged.read_bytes()[:5])
    assert copy_replies(source, target).files == 0
    assert copy_replies(target, source).files == 1
    assert [ReplyArchive(source).read(one) for one in copied] == [b"{}", b"{}{}", b"{}{}{}"]
