"""`python -m bench.picture FIGURES.json PICTURE.svg`: how fast prices are loaded, as bars."""

import json
import sys
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

_BARS: Final = (
    ("load_copy_rows_per_s", "COPY, sorted, into the empty table", "#8a94a6"),
    ("load_events_per_s", "Keeper's loader, alerts raised", "#2f6fde"),
    ("flink_rows_per_s", "Flink SQL, Kafka to JDBC", "#8a94a6"),
    ("debezium_rows_per_s", "Debezium's JDBC sink", "#8a94a6"),
    ("load_per_message_per_s", "a message at a time, alerts raised", "#8a94a6"),
)
_WIDTH: Final = 760
_LEFT: Final = 270
_ROW: Final = 38
_TOP: Final = 52


def picture(values: Mapping[str, float]) -> str:
    """Return an SVG with a bar for each figure there is.

    Raises:
        ValueError: None of them is there.
    """
    bars = [(values[name], title, colour) for name, title, colour in _BARS if name in values]
    if not bars:
        raise ValueError(f"none of {', '.join(name for name, *_ in _BARS)} has been measured")
    longest = max(value for value, *_ in bars)
    room = _WIDTH - _LEFT - 110
    rows = []
    for number, (value, title, colour) in enumerate(bars):
        middle = _TOP + number * _ROW + 12
        width = max(room * value / longest, 1)
        rows.append(
            f'<text x="{_LEFT - 12}" y="{middle + 5}" text-anchor="end">{escape(title)}</text>'
            f'<rect x="{_LEFT}" y="{middle - 12}" width="{width:.1f}" height="24" rx="3"'
            f' fill="{colour}"/>'
            f'<text x="{_LEFT + width + 8:.1f}" y="{middle + 5}">{value:,.0f}</text>'
        )
    height = _TOP + len(bars) * _ROW + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="14">'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
        '<text x="16" y="28" font-size="17" font-weight="bold">Price events a second, from Kafka'
        " into PostgreSQL</text>" + "".join(rows) + "</svg>\n"
    )


def main() -> None:
    figures, target = map(Path, sys.argv[1:3])
    target.write_text(picture(json.loads(figures.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
