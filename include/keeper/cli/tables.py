"""Tables that fit a terminal, and the same ones a line a row in a pipe."""

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import category

import typer

_LEAST_CUT: Final = 12
_LEAST_WRAPPED: Final = 16
_LEAST_COLUMNS: Final = 2
_FRAME: Final = 3
"""What rich draws around a column; and one more line at the end."""


def print_table(
    columns: Sequence[str],
    rows: Iterable[Iterable[str]],
    *,
    numbers: Collection[str] = (),
    cut: Collection[str] = (),
    wrap: Collection[str] = (),
    drop: Sequence[str] = (),
    title: str | None = None,
) -> None:
    """Print rows under column names, no wider than the terminal.

    On a narrow one the columns in `cut` are shortened, those in `wrap` take several lines, and
    what still does not fit is left out, which a line below says. In a pipe nothing is lost.

    Args:
        columns: Their names.
        rows: A text for each column.
        numbers: Columns aligned to the right.
        cut: Columns that keep to one line, however little of a text that shows.
        wrap: Columns of sentences.
        drop: What is left out first; then the other columns from the right. The first two stay.
        title: What the table shows, printed above it.
    """
    from rich.console import Console
    from rich.table import Table

    texts = [tuple(map(harmless_lines, row)) for row in rows]
    room = _room()
    kept, widths = _fitted(columns, texts, room, _Ways(cut, wrap, drop))
    table = Table(title=title, title_justify="left", header_style="bold")
    for name, width in zip(kept, widths, strict=True):
        table.add_column(
            name,
            justify="right" if name in numbers else "left",
            overflow="ellipsis" if name in cut else "fold",
            no_wrap=name not in wrap,
            width=width,
        )
    places = [columns.index(name) for name in kept]
    for row in texts:
        table.add_row(*(_plain(row[place]) for place in places))
    Console(width=room or sum(widths) + _FRAME * len(widths) + 1).print(table)
    if left_out := [name for name in columns if name not in kept]:
        names = ", ".join(name or "number" for name in left_out)
        typer.echo(f"Not shown for want of width: {names}. A wider terminal shows all.")


def clip(text: str | None, most: int = 60) -> str:
    """Return a title for a table, shortened to so many characters; empty if there is none."""
    text = text or ""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def shown(data: bytes | None, *, at_most: int = 200) -> str:
    """Return bytes as text that harms no terminal: what is not UTF-8 or no letter is escaped."""
    if data is None:
        return "(none)"
    text = data[:at_most].decode(errors="backslashreplace")
    return harmless(text) + (f" … ({len(data):,} bytes)" if len(data) > at_most else "")


def harmless(text: str) -> str:
    """Return text with whatever could steer a terminal escaped."""
    return "".join(
        c if c.isprintable() or category(c) == "Zs" else c.encode("unicode_escape").decode()
        for c in text
    )


def harmless_lines(text: str) -> str:
    """Return text of several lines with whatever else could steer a terminal escaped."""
    return "\n".join(map(harmless, text.split("\n")))


@dataclass(frozen=True, slots=True)
class _Ways:
    """How columns of a table give way."""

    cut: Collection[str]
    wrap: Collection[str]
    drop: Sequence[str]

    def least(self, name: str, width: int) -> int:
        """Return how narrow a column may become that would like to have a width."""
        if name in self.cut:
            return min(width, _LEAST_CUT)
        return min(width, _LEAST_WRAPPED) if name in self.wrap else width

    def order(self, columns: Sequence[str]) -> list[str]:
        """Return which columns are left out, the first one first."""
        others = [name for name in reversed(columns) if name not in self.drop]
        return [*self.drop, *others[: len(others) - _LEAST_COLUMNS]]


def _room() -> int | None:
    """Return the width of the terminal; None for a pipe, a file or one that has no width."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    if not sys.stdout.isatty():
        return None
    return os.get_terminal_size(sys.stdout.fileno()).columns or None


def _fitted(
    columns: Sequence[str], rows: Sequence[Sequence[str]], room: int | None, ways: _Ways
) -> tuple[list[str], list[int]]:
    """Return the columns that are shown and how wide each is."""
    from rich.cells import cell_len

    wanted = {
        name: max(
            (cell_len(line) for text in (name, *(row[place] for row in rows))
             for line in text.split("\n")),
            default=1,
        )
        for place, name in enumerate(columns)
    }  # fmt: skip
    kept = list(columns)
    if room is None:
        return kept, [wanted[name] for name in kept]
    order = ways.order(columns)
    while order and _frame(kept) + sum(ways.least(n, wanted[n]) for n in kept) > room:
        kept.remove(order.pop(0))
    widths = {name: ways.least(name, wanted[name]) for name in kept}
    spare = room - _frame(kept) - sum(widths.values())
    # What there is goes to sentences and titles evenly, and no further than they need.
    while spare > 0 and (narrow := [n for n in kept if widths[n] < wanted[n]]):
        for name in narrow[:spare]:
            widths[name] += 1
        spare -= min(spare, len(narrow))
    return kept, [max(widths[name], 1) for name in kept]


def _frame(columns: Sequence[str]) -> int:
    return _FRAME * len(columns) + 1


def _plain(text: str) -> str:
    """Return text that is no markup."""
    from rich.markup import escape

    return escape(text)
