"""Exchange rates."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple


class ExchangeRate(NamedTuple):
    """On `day` a euro cost `per_euro` of the currency's main unit."""

    day: date
    currency: str
    per_euro: Decimal
