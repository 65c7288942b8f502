"""Rows of `exchange_rates`."""

from collections.abc import Sequence
from typing import Any, Final

from keeper.domain.rates import ExchangeRate
from keeper.stores.postgres.connection import Connection, statements

_SQL: Final = "exchange_rates"


def save_rates(connection: Connection, rates: Sequence[ExchangeRate]) -> int:
    """Store rates, the later file's in place of an earlier one's; return how many changed."""
    return connection.execute(
        statements(_SQL)["save"],
        {
            "days": [rate.day for rate in rates],
            "currencies": [rate.currency for rate in rates],
            "per_euro": [rate.per_euro for rate in rates],
        },
    ).rowcount


def rates_summary(connection: Connection) -> list[dict[str, Any]]:
    """Return a row a currency: how many days, the first and last of them, the latest rate."""
    return connection.execute(statements(_SQL)["summary"]).fetchall()
