"""Tables on a terminal, and the same ones in a pipe."""

from collections.abc import Iterable

from keeper.cli.session import console


def print_table(
    columns: Iterable[str],
    rows: Iterable[Iterable[str]],
    *,
    numbers: Iterable[str] = (),
    cut: Iterable[str] = (),
    title: str | None = None,
) -> None:
    """Print rows under column names.

    Args:
        columns: Their names.
        rows: A text for each column.
        numbers: Columns aligned to the right.
        cut: Columns that keep to one line, however little of a text that shows.
        title: What the table shows, printed above it.
    """
    from rich.table import Table

    right, short = frozenset(numbers), frozenset(cut)
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="ellipsis" if column in short else "fold",
            no_wrap=column in short,
        )
    for row in rows:
        table.add_row(*map(_plain, row))
    console().print(table)


def shown(data: bytes | None, *, at_most: int = 200) -> str:
    """Return bytes as text that harms no terminal: what is not UTF-8 or no letter is escaped."""
    if data is None:
        return "(none)"
    text = data[:at_most].decode(errors="backslashreplace")
    return harmless(text) + (f" … ({len(data):,} bytes)" if len(data) > at_most else "")


def harmless(text: str) -> str:
    """Return text with whatever could steer a terminal escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _plain(text: str) -> str:
    """Return text that is neither markup nor harm."""
    from rich.markup import escape

    return escape("\n".join(harmless(line) for line in text.split("\n")))
