"""Exchange rates from a CSV file, as the European Central Bank publishes them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, TextIO

from keeper.domain.locales import LOCALES
from keeper.domain.rates import ExchangeRate
from keeper.errors import TerminalError

WANTED: Final = frozenset(locale.currency for locale in LOCALES) - {"EUR"}
_NONE: Final = frozenset({"", "N/A"})


class RatesUnreadableError(TerminalError):
    """The file is not what it should be; names the line."""


@dataclass(frozen=True, slots=True)
class RateFile:
    """What a file said.

    Attributes:
        rates: One a day and currency that a locale of Keeper's has.
        missing: Currencies of Keeper's locales it says nothing of.
    """

    rates: tuple[ExchangeRate, ...]
    missing: tuple[str, ...]


def read_rates(file: TextIO) -> RateFile:
    """Read the bank's file of daily rates: a column `Date`, then one a currency, units a euro.

    Columns of other currencies are passed over, and so are cells without a rate.

    Raises:
        RatesUnreadableError: A column, a day or a rate cannot be read.
    """
    reader = csv.DictReader(file, skipinitialspace=True)
    columns = {name.strip(): name for name in reader.fieldnames or () if name}
    currencies = sorted(WANTED & columns.keys())
    if "Date" not in columns or not currencies:
        raise RatesUnreadableError(
            "line 1: there is no column Date with a column for each currency (USD, JPY …) beside it"
        )
    rates = tuple(
        rate for row in reader for rate in _rates_of_row(row, reader.line_num, columns, currencies)
    )
    found = {rate.currency for rate in rates}
    return RateFile(rates, tuple(sorted(WANTED - found)))


def _rates_of_row(
    row: dict[str, str], line: int, columns: dict[str, str], currencies: list[str]
) -> Iterator[ExchangeRate]:
    try:
        day = date.fromisoformat((row[columns["Date"]] or "").strip())
    except ValueError:
        raise RatesUnreadableError(
            f"line {line}: {row[columns['Date']]!r} is no day; write 2026-03-01"
        ) from None
    for currency in currencies:
        cell = (row[columns[currency]] or "").strip()
        if cell in _NONE:
            continue
        try:
            per_euro = Decimal(cell)
        except InvalidOperation:
            per_euro = Decimal(0)
        if not per_euro.is_finite() or per_euro <= 0:
            raise RatesUnreadableError(f"line {line}: {cell!r} is no rate of {currency}")
        yield ExchangeRate(day, currency, per_euro)
