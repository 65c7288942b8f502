"""Reads the query parameters of requests, refusing what Keepa refuses."""

from collections.abc import Mapping
from typing import Final

from keeper.domain.locales import Locale, UnknownLocaleError, locale_of_keepa_id
from keeper.simulator.products.objects import ProductDetail
from keeper.simulator.refusals import invalid_parameter, invalid_query, too_many_asins

_MAX_ASINS: Final = 100
_MAX_ASINS_WITH_OFFERS: Final = 20
_MAX_CATEGORIES: Final = 10


class Parameters:
    """One request's query parameters; what is blank counts as absent."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def given(self) -> frozenset[tuple[str, str]]:
        """Return names and values of all parameters, equal for equal requests."""
        return frozenset(self._given.items())

    def only(self, *names: str, **others: str) -> "Parameters":
        """Return parameters of another request: those of these names, and others."""
        return Parameters({n: self._given[n] for n in names if n in self._given} | others)

    def has(self, name: str) -> bool:
        """Return whether a parameter is there."""
        return bool(self._given.get(name))

    def text(self, name: str) -> str:
        """Return a parameter that must be there."""
        value = self._given.get(name, "")
        if not value:
            raise invalid_parameter(name)
        return value

    def number(self, name: str, lowest: int = 0) -> int | None:
        """Return a whole number of at least `lowest`, None if it is absent."""
        value = self._given.get(name, "")
        if not value:
            return None
        try:
            number = int(value)
        except ValueError:
            raise invalid_parameter(name) from None
        if number < lowest:
            raise invalid_parameter(name)
        return number

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a 0-or-1 parameter."""
        number = self.number(name)
        return default if number is None else number != 0

    def locale(self) -> Locale:
        """Return the locale `domain` numbers."""
        try:
            return locale_of_keepa_id(self.number("domain") or 0)
        except UnknownLocaleError:
            raise invalid_parameter("domain") from None

    def selection(self) -> str:
        """Return the JSON of a selection, which must be there."""
        if not self.has("selection"):
            raise invalid_query()
        return self.text("selection")

    def asins(self) -> list[str]:
        """Return the ASINs asked for, each once, in order."""
        asins = [asin.strip() for asin in self.text("asin").split(",")]
        limit = _MAX_ASINS if self.number("offers") is None else _MAX_ASINS_WITH_OFFERS
        if len(asins) > limit:
            raise too_many_asins(limit)
        return list(dict.fromkeys(asin for asin in asins if asin))

    def categories(self) -> list[int]:
        """Return the categories asked for."""
        given = self.text("category").split(",")
        if len(given) > _MAX_CATEGORIES or not all(part.strip().isdecimal() for part in given):
            raise invalid_parameter("category")
        return [int(part) for part in given]

    def detail(self) -> ProductDetail:
        """Return how much of each product is wanted."""
        return ProductDetail(
            stats_days=self.number("stats", lowest=1),
            history=self.flag("history", default=True),
            days=self.number("days", lowest=1),
            with_offers=self.flag("buybox") or self.number("offers") is not None,
        )
