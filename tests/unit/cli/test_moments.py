"""Times as people type them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import typer

from keeper.cli.moments import parse_moment, time_text
from keeper.cli.tables import shown

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("90s", NOW - timedelta(seconds=90)),
        (" 15m ", NOW - timedelta(minutes=15)),
        ("2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T06:30", datetime(2026, 2, 1, 6, 30, tzinfo=UTC)),
        ("2026-02-01T06:30Z", datetime(2026, 2, 1, 6, 30, tzinfo=UTC)),
        (
            "2026-02-01T06:30+02:00",
            datetime(2026, 2, 1, 6, 30, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_a_time_or_how_long_ago_is_read(text: str, moment: datetime) -> None:
    assert parse_moment(text, now=NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2", "2w", "-2h", "999999d", "2026-13-01"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="2h, 7d"):
        parse_moment(text, now=NOW)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "2026-03-01 12:00 UTC"),
        ("Europe/Berlin", "2026-03-01 13:00 CET"),
        ("Asia/Tokyo", "2026-03-01 21:00 JST"),
        ("America/Los_Angeles", "2026-03-01 04:00 PST"),
        ("America/Sao_Paulo", "2026-03-01 09:00 -03"),
        ("Mars/Base", "2026-03-01 12:00 UTC"),
    ],
)
def test_a_time_is_shown_by_the_readers_clock_with_its_zone(zone: str, text: str) -> None:
    assert time_text(NOW.astimezone(timezone(timedelta(hours=5))), zone) == text


def test_no_time_is_said_in_the_commands_own_word() -> None:
    assert time_text(None) == ""
    assert time_text(None, never="never") == "never"


def test_seconds_are_shown_where_they_matter() -> None:
    assert time_text(NOW, "Asia/Tokyo", seconds=True) == "2026-03-01 21:00:00 JST"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (None, "(none)"),
        (b"", ""),
        ("Müller".encode(), "Müller"),
        (b"\xff", r"\xff"),
        (b"\x1b[31m\n", r"\x1b[31m\n"),
        (b"x" * 300, "x" * 200 + " … (300 bytes)"),
    ],
)
def test_bytes_are_shown_without_harm(data: bytes | None, text: str) -> None:
    assert shown(data) == text
