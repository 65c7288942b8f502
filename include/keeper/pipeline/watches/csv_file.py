"""The watch list as CSV: one row a watch, every mistake named by its row."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TextIO

from keeper.domain.locales import locale_of
from keeper.domain.money import to_major
from keeper.domain.watches.rule_texts import rule_text
from keeper.domain.watches.watch import Watch
from keeper.pipeline.watches.typed import NOTHING, read_watch

COLUMNS: Final = (
    "asin",
    "domain",
    "price_type",
    "target_price",
    "status",
    "priority",
    "rules",
    "with_shipping",
)


@dataclass(frozen=True, slots=True)
class WatchRow:
    """A row that could be read, by its line in the file."""

    line: int
    watch: Watch


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that could not be read, by its line in the file, and why."""

    line: int
    reason: str


def read_watches(file: TextIO) -> Iterator[WatchRow | RowError]:
    """Yield each row's watch or its error, so that a bad row costs only itself.

    The first line names the columns; only `asin` is required, order and case do not matter.
    """
    reader = csv.DictReader(file, restkey="surplus", skipinitialspace=True)
    try:
        # Standard input keeps the mark some spreadsheets put at the start of UTF-8.
        header = [
            (name or "").removeprefix("\ufeff").strip().lower() for name in reader.fieldnames or ()
        ]
    except (csv.Error, UnicodeDecodeError) as error:
        yield RowError(1, f"not a CSV file in UTF-8: {error}")
        return
    unknown = sorted(set(header) - set(COLUMNS))
    if "asin" not in header or unknown:
        problem = f"unknown column(s) {', '.join(unknown)}" if unknown else "no column asin"
        yield RowError(1, f"{problem}; the first line names them: {','.join(COLUMNS)}")
        return
    reader.fieldnames = header
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # DictReader counts a line only after it has read it.
            yield RowError(reader.reader.line_num, str(error))
            continue
        except UnicodeDecodeError as error:
            reason = f"from here on it cannot be read as UTF-8: {error.reason}"
            yield RowError(reader.line_num + 1, reason)
            return
        if row.get("surplus"):
            yield RowError(reader.line_num, "more values than columns")
            continue
        try:
            watch = read_watch(
                row.get("asin") or "",
                domain=row.get("domain"),
                price_type=row.get("price_type"),
                target=row.get("target_price"),
                status=row.get("status"),
                priority=row.get("priority"),
                rules=row.get("rules"),
                with_shipping=row.get("with_shipping"),
            )
            yield WatchRow(reader.line_num, watch)
        except ValueError as error:
            yield RowError(reader.line_num, str(error))


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
        status = watch.status.value
        writer.writerow(
            (watch.asin, watch.domain, watch.price_type, target, status, rank, rules, shipping)
        )
