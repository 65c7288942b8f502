"""The archive of replies, on every storage a lake may be on."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from keeper.domain.prices.detail import Detail
from keeper.stores.lake.archive import ArchivedReply, Pruned, ReplyArchive
from keeper.stores.lake.paths import LakePath, MissingFileError

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def archive(lake: LakePath) -> ReplyArchive:
    return ReplyArchive(lake)


def keep(
    archive: ReplyArchive,
    received_at: datetime,
    *asked: str,
    domain: str = "us",
    endpoint: str = "product",
    detail: Detail = Detail.BASIC,
) -> ArchivedReply:
    return archive.write(
        f"{received_at} {asked}".encode(),
        endpoint=endpoint,
        domain=domain,
        asked=asked,
        received_at=received_at,
        tokens_consumed=len(asked),
        source="simulator",
        run_id="track_prices/manual__1",
        detail=detail,
    )


def test_a_reply_is_read_back_and_lies_in_its_partition(archive: ReplyArchive) -> None:
    reply = keep(archive, AT, "B000000001")

    assert archive.read(reply) == f"{AT} ('B000000001',)".encode()
    assert reply.key.startswith("replies/endpoint=product/domain=us/day=2026-03-01/123015123456-")
    assert list(archive.replies("product")) == [reply]
    assert archive.endpoints() == ["product"]


def test_keeping_a_reply_again_changes_nothing(archive: ReplyArchive) -> None:
    assert keep(archive, AT, "B000000001") == keep(archive, AT, "B000000001")

    assert len(list(archive.replies("product"))) == 1


def test_an_empty_archive_has_nothing(archive: ReplyArchive) -> None:
    assert list(archive.replies("product")) == []
    assert archive.newest_holding("us", {"B000000001": Detail.BASIC}, received_from=AT) == {}
    assert archive.prune(AT, dry_run=False) == Pruned(0, 0)


def test_replies_are_found_by_endpoint_locale_and_time_oldest_first(archive: ReplyArchive) -> None:
    late = keep(archive, AT + 2 * DAY, "B000000001")
    early = keep(archive, AT, "B000000001", domain="de")
    middle = keep(archive, AT + DAY, "B000000002")
    keep(archive, AT, "a filter", endpoint="deal")

    assert list(archive.replies("product")) == [early, middle, late]
    assert list(archive.replies("product", domains=["us"])) == [middle, late]
    assert list(archive.replies("product", since=AT + DAY, until=AT + 2 * DAY)) == [middle]
    assert list(archive.replies("product", source="keepa")) == []


def test_the_newest_reply_that_holds_a_product_is_found(archive: ReplyArchive) -> None:
    keep(archive, AT, "B000000001", "B000000002", "B000000003")
    second = keep(archive, AT + DAY, "B000000002", "B000000003")
    third = keep(archive, AT + DAY + timedelta(hours=1), "B000000003")
    keep(archive, AT + 2 * DAY, "B000000002", domain="de")

    found = archive.newest_holding(
        "us",
        dict.fromkeys(["B000000001", "B000000002", "B000000003"], Detail.BASIC),
        received_from=AT + timedelta(minutes=1),
    )

    assert found == {"B000000002": second, "B000000003": third}


def test_the_newest_reply_before_a_moment_and_without_the_damaged_is_found(
    archive: ReplyArchive,
) -> None:
    first = keep(archive, AT, "B000000001")
    second = keep(archive, AT + DAY, "B000000001")
    keep(archive, AT + 2 * DAY, "B000000001")

    def newest(**options: object) -> ArchivedReply:
        wanted = {"B000000001": Detail.BASIC}
        return archive.newest_holding("us", wanted, received_from=AT, **options)[  # type: ignore[arg-type]  # the options of newest_holding
            "B000000001"
        ]

    assert newest(received_until=AT + 2 * DAY) == second
    assert newest(received_until=AT + 2 * DAY, passing_over={second.key}) == first


def test_a_reply_serves_only_what_it_was_asked_for(archive: ReplyArchive) -> None:
    full = keep(archive, AT, "B000000001", "B000000002", detail=Detail.OFFERS)
    plain = keep(archive, AT + DAY, "B000000001", "B000000002", "B000000003")

    found = archive.newest_holding(
        "us",
        {
            "B000000001": Detail.OFFERS,
            "B000000002": Detail.BASIC,
            "B000000003": Detail.BUY_BOX,
        },
        received_from=AT,
    )

    assert found == {"B000000001": full, "B000000002": plain}


def test_an_entry_without_a_detail_is_of_a_basic_request(
    archive: ReplyArchive, lake: LakePath
) -> None:
    reply = keep(archive, AT, "B000000001")
    entry = lake
    for name in reply.key.replace(".json.gz", ".entry.json").split("/"):
        entry = entry / name
    content = json.loads(entry.read_bytes())
    del content["detail"]
    entry.write_bytes(json.dumps(content).encode())

    (found,) = archive.replies("product")

    assert found.detail is Detail.BASIC


def test_only_whole_days_before_are_deleted(archive: ReplyArchive) -> None:
    old, kept = keep(archive, AT, "B000000001"), keep(archive, AT + DAY, "B000000001")

    planned = archive.prune(AT + DAY, dry_run=True)
    assert (planned.replies, planned.bytes > 0) == (1, True)
    assert list(archive.replies("product")) == [old, kept]

    assert archive.prune(AT + DAY, dry_run=False) == planned
    assert list(archive.replies("product")) == [kept]
    assert not archive.has(old)


def test_a_file_of_somebody_elses_outlives_the_replies_beside_it(
    archive: ReplyArchive, lake: LakePath
) -> None:
    keep(archive, AT, "B000000001")
    day = lake / "replies" / "endpoint=product" / "domain=us" / "day=2026-03-01"
    (day / "notes.txt").write_bytes(b"somebody's")

    assert archive.prune(AT + 2 * DAY, dry_run=False).replies == 1

    assert [file.name for file in day.iterdir()] == ["notes.txt"]
    assert archive.prune(AT + 2 * DAY, dry_run=False) == Pruned(0, 0)


def test_what_is_no_manifest_entry_is_passed_over(archive: ReplyArchive, lake: LakePath) -> None:
    reply = keep(archive, AT, "B000000001")
    day = lake / "replies" / "endpoint=product" / "domain=us" / "day=2026-03-01"
    (day / "000000-half.entry.json").write_bytes(b'{"key": "re')
    (day / "notes.txt").write_bytes(b"somebody's")
    (day.parent / "day=someday").mkdir()

    assert list(archive.replies("product")) == [reply]


def test_a_body_that_was_changed_is_not_believed(archive: ReplyArchive, lake: LakePath) -> None:
    first, second = keep(archive, AT, "B000000001"), keep(archive, AT, "B000000002")
    folder = lake / "replies" / "endpoint=product" / "domain=us" / "day=2026-03-01"
    names = [reply.key.rpartition("/")[2] for reply in (first, second)]
    (folder / names[0]).write_bytes((folder / names[1]).read_bytes())

    with pytest.raises(MissingFileError, match="not what was written"):
        archive.read(first)
    archive.forget(first)
    assert list(archive.replies("product")) == [second]
