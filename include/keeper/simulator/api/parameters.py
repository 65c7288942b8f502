"""Reads the query parameters of requests, refusing what Keepa refuses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from keeper.domain.locales import Locale, UnknownLocaleError, locale_of_keepa_id
from keeper.domain.prices.points import to_keepa_minutes
from keeper.simulator.products.stats import Interval
from keeper.simulator.refusals import (
    invalid_parameter,
    invalid_query,
    too_few_offers,
    too_many_entries,
)
from keeper.simulator.replies.detail import (
    DEFAULT_UPDATE_H,
    NO_COLLECTION,
    ProductDetail,
)

_MAX_ASINS: Final = 100
_MAX_ASINS_WITH_OFFERS: Final = 20
_MAX_CATEGORIES: Final = 10
_CODE_DIGITS: Final = 13
_FEWEST_OFFERS: Final = 20
_MOST_OFFERS: Final = 100
_DAY: Final = 1440


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
        """Return the ASINs asked for, each once, in order; none if codes are given instead."""
        if self.has("code"):
            if self.has("asin"):
                raise invalid_parameter("code")
            return []
        return self._listed("asin")

    def codes(self) -> list[str]:
        """Return the UPCs, EANs and ISBNs asked for, each once, in order."""
        codes = self._listed("code") if self.has("code") else []
        if not all(code.isascii() and code.isdecimal() for code in codes):
            raise invalid_parameter("code")
        # A UPC is the EAN that begins with 0.
        return [code.zfill(_CODE_DIGITS) for code in codes]

    def _listed(self, name: str) -> list[str]:
        parts = [part.strip() for part in self.text(name).split(",")]
        limit = _MAX_ASINS if self.number("offers") is None else _MAX_ASINS_WITH_OFFERS
        if len(parts) > limit:
            raise too_many_entries(limit)
        return list(dict.fromkeys(part for part in parts if part))

    def categories(self) -> list[int]:
        """Return the categories asked for."""
        given = self.text("category").split(",")
        if len(given) > _MAX_CATEGORIES or not all(part.strip().isdecimal() for part in given):
            raise invalid_parameter("category")
        return [int(part) for part in given]

    def detail(self, at: int) -> ProductDetail:
        """Return how much of each product is wanted, asked at a Keepa minute."""
        update_h = self.number("update", lowest=NO_COLLECTION)
        return ProductDetail(
            interval=self._interval(at),
            history=self.flag("history", default=True),
            days=self.number("days", lowest=1),
            rating=self.flag("rating"),
            buy_box=self.flag("buybox"),
            offers=self._offers(),
            only_live_offers=self.flag("only-live-offers"),
            stock=self.flag("stock"),
            historical_variations=self.flag("historical-variations"),
            videos=self.flag("videos"),
            a_plus=self.flag("aplus"),
            update_h=DEFAULT_UPDATE_H if update_h is None else update_h,
        )

    def _offers(self) -> int | None:
        offers = self.number("offers")
        if offers is not None and not _FEWEST_OFFERS <= offers <= _MOST_OFFERS:
            raise too_few_offers()
        return offers

    def _interval(self, at: int) -> Interval | None:
        """Read `stats`: days, or two ISO dates or times in milliseconds with a comma between."""
        begin, comma, end = self._given.get("stats", "").partition(",")
        if not comma:
            days = self.number("stats", lowest=1)
            return None if days is None else Interval(at - days * _DAY, at)
        interval = Interval(_moment(begin), min(_moment(end), at))
        if interval.begin >= interval.end:
            raise invalid_parameter("stats")
        return interval


def _moment(text: str) -> int:
    """Return the Keepa minute of an ISO date or of milliseconds since 1970."""
    try:
        moment = (
            datetime.fromtimestamp(int(text) / 1000, UTC)
            if text.isdecimal() and len(text) > len("20260101")
            else datetime.fromisoformat(text)
        )
    except (ValueError, OverflowError, OSError):
        raise invalid_parameter("stats") from None
    return to_keepa_minutes(moment.replace(tzinfo=moment.tzinfo or UTC))
