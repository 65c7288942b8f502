"""Watches from a file that a program sends, and as a file it gets."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.users.access import Account
from keeper.domain.users.limits import Limit, Limits
from keeper.pipeline.users.audit import Doer, record
from keeper.pipeline.users.limits import LimitReachedError, use_limit
from keeper.pipeline.watches.csv_file import (
    FileNote,
    RowError,
    WatchRow,
    read_watches,
    write_watches,
)
from keeper.pipeline.watches.listed import WatchGoneError, save_own
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.users.visibility import visible_to
from keeper.stores.postgres.watches.watch_list import Saved, SavedWatch
from keeper.stores.postgres.watches.watch_pages import (
    PageWanted,
    WatchFilter,
    WatchSort,
    watch_page,
)

__all__ = [
    "MOST_ROWS",
    "ImportResult",
    "ImportedRow",
    "LimitReachedError",
    "Saved",
    "TooManyRowsError",
    "WatchGoneError",
    "export_watches",
    "import_watches",
]
MOST_ROWS: Final = 5_000
"""They take two seconds; the console waits ten for its database."""


class TooManyRowsError(ValueError):
    """A file has more rows than are imported at once."""


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """What became of a row.

    Attributes:
        row: Its number, as the spreadsheet shows it.
        outcome: What saving did; None for a bad row.
        problem: Why it is bad; None for a good one.
        asin: The product; None for a row that could not be read.
        domain: Its locale.
        price_type: Its price type.
        changes: What changed, each with its former and its new value.
        notes: How it was read, where that is not plain.
    """

    row: int
    outcome: Saved | None
    problem: str | None
    asin: str | None = None
    domain: str | None = None
    price_type: str | None = None
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a file: its rows in their order, and how the whole of it was read."""

    rows: tuple[ImportedRow, ...]
    notes: tuple[str, ...]

    def count(self, outcome: Saved | None) -> int:
        """Return how many rows ended so; None counts the bad ones."""
        return sum(row.outcome is outcome for row in self.rows)


def import_watches(
    connection: Connection,
    account: Account,
    content: bytes,
    *,
    is_dry_run: bool,
    doer: Doer,
    at: datetime,
    limits: Limits | None = None,
) -> ImportResult:
    """Add and change watches of a user as a file says; a bad row costs only itself.

    Args:
        connection: Where the watch list is.
        account: Whose list.
        content: The file, as keeper.pipeline.watches.csv_file reads it.
        is_dry_run: Only say what would become of each row; nothing is changed.
        doer: Who imports.
        at: Now.
        limits: How many imports and watches there may be; None for as many as they like.

    Raises:
        TooManyRowsError: It has more than 5,000 rows.
        LimitReachedError: It is one import too many, or the list would be too long; nothing is
            changed then.
        WatchGoneError: The user was removed meanwhile.
    """
    if limits is not None:
        use_limit(connection, account, Limit.IMPORTS_AN_HOUR, 1, at=at, defaults=limits)
    good: list[WatchRow] = []
    bad: list[RowError] = []
    notes: list[str] = []
    for row in read_watches(content):
        if isinstance(row, FileNote):
            notes.append(row.text)
        elif isinstance(row, RowError):
            bad.append(row)
        else:
            good.append(row)
        if len(good) + len(bad) > MOST_ROWS:
            raise TooManyRowsError(f"at most {MOST_ROWS:,} rows at once")
    with connection.transaction(force_rollback=is_dry_run):
        watches = [row.watch for row in good]
        saved = save_own(connection, account, account.user_id, account.email, watches, limits)
        rows = [_of_saved(row, result) for row, result in zip(good, saved, strict=True)]
        rows += [ImportedRow(row.row, None, row.reason) for row in bad]
        result = ImportResult(tuple(sorted(rows, key=lambda row: row.row)), tuple(notes))
        if not is_dry_run:
            record(connection, doer, at, "watches imported", account.email, _summary(result))
    return result


def export_watches(connection: Connection, account: Account) -> str:
    """Return a user's own watches as CSV that an import reads back; removed ones are left out.

    No cell is text of others, so that none can be a formula.
    """
    where = WatchFilter(user_id=account.user_id)
    found = watch_page(
        connection,
        visible_to(account),
        PageWanted(where, WatchSort.CREATED_FIRST, most=_EVERY),
    )
    file = io.StringIO()
    write_watches(file, [one.watched.watch for one in found])
    return file.getvalue()


_EVERY: Final = 1_000_000


def _of_saved(row: WatchRow, result: SavedWatch | ValueError) -> ImportedRow:
    watch = row.watch
    if isinstance(result, ValueError):
        return ImportedRow(row.row, None, str(result), watch.asin, watch.domain, watch.price_type)
    after = result.change.after
    return ImportedRow(
        row.row,
        result.outcome,
        None,
        after.asin,
        after.domain,
        after.price_type,
        tuple(result.change.differences()),
        row.notes,
    )


def _summary(result: ImportResult) -> str:
    counts: Sequence[Saved | None] = (*Saved, None)
    return ", ".join(f"{result.count(one)} {one.value if one else 'bad'}" for one in counts)
