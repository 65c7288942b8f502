"""Tables in a pipe, on a wide and on a narrow terminal, and what `--json` prints."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum

import pytest

from keeper.cli.records import print_records, record_of, with_amounts
from keeper.cli.tables import clip, harmless, print_table

COLUMNS = ("ASIN", "title", "price", "why", "status")
ROWS = [
    ("B000000001", "A keyboard with keys " * 4, "€24.99", "it fell from a height of words", "on"),
    ("B000000002", "二二二二 mouse", "€1,234.56", "it rose", "off"),
]


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_table(
        COLUMNS, ROWS, numbers=("price",), cut=("title",), wrap=("why",), drop=("status", "why")
    )
    return capsys.readouterr().out.splitlines()


def cells(text: str) -> int:
    return len(text) + sum("\u2e80" <= char <= "\uffee" for char in text)


@pytest.mark.parametrize("width", [200, 100, 80, 60, 50, 40])
def test_a_table_is_no_wider_than_the_terminal_and_says_what_it_leaves_out(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    lines = printed(capsys)

    note = [line for line in lines if line.startswith("Not shown for want of width: ")]
    table = [line for line in lines if line not in note]
    assert max(map(cells, table)) <= width
    text = "\n".join(table)
    for name in COLUMNS:
        assert (name in text) is not (bool(note) and name in note[0])
    # What identifies a row and its price is never broken.
    assert "B000000001" in text
    assert "€24.99" in text or "price" in note[0]
    assert bool(note) is (width <= 60)


def test_a_pipe_gets_a_line_a_row_and_the_whole_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    lines = printed(capsys)

    (line,) = [line for line in lines if "B000000001" in line]
    assert "A keyboard with keys " * 4 in line
    assert "it fell from a height of words" in line
    assert len({cells(line) for line in lines}) == 1


def test_no_text_from_outside_steers_a_terminal_or_is_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("title",), [("\x1b[2J\x07\x9b31m[red]a\u00a0b\u202e",)])

    said = capsys.readouterr().out
    assert "\\x1b[2J\\x07\\x9b31m[red]a\u00a0b\\u202e" in said
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(said)
    assert harmless("Käse ☕") == "Käse ☕"


def test_a_title_is_shortened_with_an_ellipsis() -> None:
    assert clip(None) == ""
    assert clip("x" * 60) == "x" * 60
    assert clip("x" * 61) == "x" * 59 + "…"


class Kind(StrEnum):
    ONE = "one"


class Rank(IntEnum):
    HIGH = 1


@dataclass(frozen=True)
class Listed:
    asin: str
    title: str
    price_minor: int | None
    currency: str
    kind: Kind
    rank: Rank
    at: datetime | None
    day: date
    reasons: tuple[str, ...]


def test_records_have_one_shape(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=9)))
    title = 'ESC \x1b[2J, CSI \x9b, tag \U000e0001, "Käse"'
    one = Listed("B000000001", title, 2490, "EUR", Kind.ONE, Rank.HIGH, at, at.date(), ("a", "b"))

    print_records(
        [
            record_of(one),
            record_of(Listed("B2", "", 1980, "JPY", Kind.ONE, Rank.HIGH, None, at.date(), ())),
        ]
    )

    text = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\U000e0001"} & set(text)
    first, second = json.loads(text)
    assert first == {
        "asin": "B000000001",
        "title": title,
        "price_minor": 2490,
        "price": 24.9,
        "currency": "EUR",
        "kind": "one",
        "rank": "HIGH",
        "at": "2026-02-28T16:30:00Z",
        "day": "2026-03-01",
        "reasons": ["a", "b"],
    }
    assert (second["price"], second["at"]) == (1980, None)
    assert "Käse" in text


def test_an_unknown_amount_is_null_and_nothing_at_all_an_empty_array(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert with_amounts({"price_minor": None}, "USD") == {"price_minor": None, "price": None}
    assert with_amounts({"price_minor": 5}, "USD")["price"] == Decimal("0.05")
    print_records([])
    assert capsys.readouterr().out == "[]\n"
