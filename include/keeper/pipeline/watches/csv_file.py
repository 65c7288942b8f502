"""The watch list as CSV: one row a watch, every mistake named by its row."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from keeper.domain.locales import locale_of
from keeper.domain.money import to_major
from keeper.domain.watches.rule_texts import rule_text
from keeper.domain.watches.watch import Watch
from keeper.pipeline.watches.spreadsheets import (
    Row,
    UnreadableFileError,
    column_name,
    open_sheet,
    rows_of,
)
from keeper.pipeline.watches.typed import NOTHING, TypedWatch, read_watch

COLUMNS: Final = (
    "asin",
    "domain",
    "price_type",
    "target_price",
    "status",
    "priority",
    "rules",
    "with_shipping",
    "tags",
)


@dataclass(frozen=True, slots=True)
class WatchRow:
    """A row that could be read.

    Attributes:
        row: Its number, as the spreadsheet shows it.
        watch: What it says.
        notes: What to say of how it was read.
        is_locale_assumed: Neither its domain nor its address says a locale.
    """

    row: int
    watch: Watch
    notes: tuple[str, ...] = ()
    is_locale_assumed: bool = False


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that could not be read, by its number in the spreadsheet, and why."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileNote:
    """What to say of how the whole file was read."""

    text: str


def read_watches(
    content: bytes, *, follow: Callable[[str], str] | None = None
) -> Iterator[WatchRow | RowError | FileNote]:
    """Yield each row's watch or its error, so that a bad row costs only itself.

    The first row names the columns; only `asin` is required, order and case do not matter. Blank
    rows and columns do not count. keeper.pipeline.watches.spreadsheets says which files are read.

    Args:
        content: The whole file.
        follow: Opens short links; see keeper.pipeline.watches.typed.
    """
    try:
        sheet = open_sheet(content, COLUMNS)
    except UnreadableFileError as error:
        yield RowError(1, str(error))
        return
    if sheet.note:
        yield FileNote(sheet.note)
    rows = rows_of(sheet)
    header = next(rows, Row(1, ()))
    names = [column_name(cell) for cell in header.cells]
    if problem := header.problem or _problem_of(names):
        yield RowError(header.number, f"{problem}; the first row names them: {','.join(COLUMNS)}")
        return
    first_of: dict[tuple[str, str, str], int] = {}
    for row in rows:
        try:
            typed = _typed(row, names, follow)
        except ValueError as error:
            yield RowError(row.number, str(error))
            continue
        watch, notes = typed.watch, [typed.note] if typed.note else []
        first = first_of.setdefault((watch.asin, watch.domain, watch.price_type), row.number)
        if first != row.number:
            notes.append(f"the same watch as in row {first}; where both say something, this counts")
        yield WatchRow(row.number, watch, tuple(notes), typed.is_locale_assumed)


def _problem_of(names: Sequence[str]) -> str | None:
    given = [name for name in names if name]
    if unknown := sorted(set(given) - set(COLUMNS)):
        return f"unknown column(s) {', '.join(unknown)}"
    if "asin" not in given:
        return "no column asin"
    if twice := sorted({name for name in given if given.count(name) > 1}):
        return f"column {', '.join(twice)} is there twice"
    return None


def _typed(row: Row, names: Sequence[str], follow: Callable[[str], str] | None) -> TypedWatch:
    if row.problem:
        raise ValueError(row.problem)
    if any(cell.strip() for cell in row.cells[len(names) :]):
        raise ValueError(
            "more values than columns; a value with the character between columns in it must stand "
            "in quotation marks"
        )
    cells = {name: cell for name, cell in zip(names, row.cells, strict=False) if cell.strip()}
    if "" in cells:
        raise ValueError(f"{cells['']!r} stands in a column without a name")
    for name, cell in cells.items():
        if "\n" in cell.strip() and name != "rules":
            lines = cell.count("\n") + 1
            raise ValueError(f"{name} runs over {lines} lines; is a quotation mark missing?")
    return read_watch(
        cells.get("asin", ""),
        domain=cells.get("domain"),
        price_type=cells.get("price_type"),
        target=cells.get("target_price"),
        status=cells.get("status"),
        priority=cells.get("priority"),
        rules=cells.get("rules"),
        with_shipping=cells.get("with_shipping"),
        tags=cells.get("tags"),
        follow=follow,
    )


def write_watches(file: TextIO, watches: Iterable[Watch]) -> None:
    """Write watches as CSV that `read_watches` reads back to the same ones."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for watch in watches:
        currency = locale_of(watch.domain).currency
        target = NOTHING if watch.target_minor is None else to_major(watch.target_minor, currency)
        rank = "" if watch.priority is None else watch.priority.name
        rules = "" if watch.rules is None else NOTHING
        if watch.rules:
            rules = "; ".join(rule_text(rule, currency) for rule in watch.rules)
        shipping = {None: "", True: "yes", False: "no"}[watch.with_shipping]
        tags = "" if watch.tags is None else "; ".join(watch.tags) or NOTHING
        series = watch.asin, watch.domain, watch.price_type
        writer.writerow((*series, target, watch.status.value, rank, rules, shipping, tags))
