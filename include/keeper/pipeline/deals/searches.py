"""Saved searches for deals as people ask for them: seen, saved, changed, paused and removed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from keeper.domain.deals.deal import DealFilter, Span
from keeper.domain.deals.selection import (
    OPEN_END,
    InvalidSelectionError,
    own_fields,
    validate_market,
    validate_selection,
)
from keeper.domain.locales import Locale, locale_of
from keeper.domain.money import read_amount
from keeper.domain.plain_text import plain_text
from keeper.domain.prices.types import price_type_of
from keeper.domain.users.access import Account
from keeper.domain.users.limits import Limits
from keeper.domain.watches.watch import WatchStatus
from keeper.pipeline.users.limits import deal_filters_within_limit
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.deal_pages import PagedFilter, filter_page
from keeper.stores.postgres.deals.filters import (
    FilterNameTakenError,
    change_filter,
    save_filter,
    set_filter_status,
)
from keeper.stores.postgres.users.accounts import lock_account
from keeper.stores.postgres.users.visibility import visible_to
from keeper.stores.postgres.watches.watch_list import Saved

__all__ = [
    "FilterGoneError",
    "FilterText",
    "PagedFilter",
    "Saved",
    "SavedSearch",
    "Span",
    "UnclearFilterError",
    "WatchStatus",
    "add_search",
    "change_search",
    "price_bounds",
    "read_filter",
    "remove_search",
    "search_of",
    "searches_of",
]

_DROP: Final = "deltaPercentRange"
_PRICE: Final = "currentRange"
_SPAN: Final = "dateRange"
_AMOUNTS: Final = frozenset({_PRICE, "deltaRange"})


class UnclearFilterError(ValueError):
    """Keepa would refuse such a search, or it cannot be read; one sentence says why."""


class FilterGoneError(LookupError):
    """There is no such filter, or none that the user may see; they cannot learn which."""


@dataclass(frozen=True, slots=True)
class FilterText:
    """What a person says of a search.

    Attributes:
        given: By its name here, each thing that was said; what is missing stays as it is, and None
            takes it away. `drop_percent`, `over` (a Span), `price_min` and `price_max` (amounts in
            the main unit, as people write them), `categories`, `title` and `min_rating` become
            Keepa's fields; `selection` replaces all of these by Keepa's own and counts before them.
        name: What its user calls it.
        domain: The locale.
        price_type: Keepa's series name.
        min_score: Deals scored below are kept but not reported.
    """

    given: Mapping[str, Any]
    name: str | None = None
    domain: str | None = None
    price_type: str | None = None
    min_score: int | None = None


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that was saved, and what that did."""

    search: PagedFilter
    outcome: Saved


def read_filter(text: FilterText, former: DealFilter | None = None) -> DealFilter:
    """Return the filter that is meant.

    Args:
        text: What was said.
        former: The filter it changes; None for a new one, by default of `us` and `NEW`.

    Raises:
        UnclearFilterError: Keepa would refuse it, or it cannot be read.
    """
    base = former or DealFilter("", "us", "NEW", {_SPAN: list(Span).index(Span.WEEK)})
    name = base.name if text.name is None else plain_text(text.name)
    try:
        locale = locale_of(text.domain or base.domain)
        series = price_type_of(text.price_type or base.price_type)
        validate_market(locale, series)
        selection = _selection(base.selection, text.given, locale, locale_of(base.domain).currency)
        validate_selection(selection)
    except InvalidSelectionError as error:
        raise UnclearFilterError(f"Keepa would refuse this filter: {error}") from None
    except ValueError as error:
        raise UnclearFilterError(str(error)) from None
    if not name:
        raise UnclearFilterError("the filter needs a name")
    least = base.min_score if text.min_score is None else text.min_score
    return replace(
        base,
        name=name,
        domain=locale.domain,
        price_type=series.name,
        selection=selection,
        min_score=least,
    )


def _selection(
    former: Mapping[str, object], given: Mapping[str, Any], locale: Locale, currency: str
) -> dict[str, Any]:
    replaces = given.get("selection") is not None
    own = own_fields(given["selection"]) if replaces else {}
    if currency != locale.currency and not replaces and not _AMOUNTS.isdisjoint(former):
        bounds = {"price_min", "price_max"}
        if not bounds <= given.keys() or "deltaRange" in former:
            raise ValueError(f"its amounts are in {currency}: give price_min and price_max too")
    fields: dict[str, Any] = {_SPAN: former.get(_SPAN, 1)} if replaces else dict(former)
    if given.get("over") is not None:
        fields[_SPAN] = list(Span).index(Span(given["over"]))
    if "drop_percent" in given:
        drop = given["drop_percent"]
        fields[_DROP] = None if drop is None else [drop, 100]
    if not given.keys().isdisjoint({"price_min", "price_max"}):
        fields[_PRICE] = _prices(fields.get(_PRICE), given, locale)
    for name, field in (("categories", "includeCategories"), ("title", "titleSearch")):
        if name in given:
            fields[field] = given[name] or None
    if "min_rating" in given:
        stars = given["min_rating"]
        fields["minRating"] = None if stars is None else round(stars * 10)
    return own_fields(fields) | own


def _prices(former: Any, given: Mapping[str, Any], locale: Locale) -> list[int] | None:
    lowest, highest = former or (0, OPEN_END)

    def bound(name: str, before: int, without: int) -> int:
        if name not in given:
            return before
        amount = given[name]
        return without if not amount else read_amount(amount, locale.currency)

    found = [bound("price_min", lowest, 0), bound("price_max", highest, OPEN_END)]
    return None if found == [0, OPEN_END] else found


def price_bounds(found_by: DealFilter) -> tuple[int | None, int | None]:
    """Return the lowest and the highest price a filter looks for, in minor units; None for none."""
    bounds = found_by.selection.get(_PRICE)
    lowest, highest = bounds if isinstance(bounds, list | tuple) else (0, OPEN_END)
    return lowest if lowest > 0 else None, highest if 0 < highest < OPEN_END else None


def searches_of(
    connection: Connection,
    account: Account,
    *,
    user_id: int | None,
    after: int | None,
    most: int,
) -> list[PagedFilter]:
    """Return a page of the searches a user may see, by number, removed ones left out."""
    return filter_page(connection, visible_to(account), user_id=user_id, after=after, most=most)


def search_of(connection: Connection, account: Account, filter_id: int) -> PagedFilter:
    """Return a search.

    Raises:
        FilterGoneError: The user may see no such search, or it was removed.
    """
    for found in filter_page(connection, visible_to(account), filter_id=filter_id):
        return found
    raise FilterGoneError(f"there is no filter {filter_id}")


def add_search(
    connection: Connection, account: Account, text: FilterText, limits: Limits
) -> SavedSearch:
    """Save a search of a user's own; one of the same name is changed, and active again.

    Raises:
        LimitReachedError: They have as many as they may.
        UnclearFilterError: Keepa would refuse it, or it cannot be read.
        FilterGoneError: The user was removed meanwhile.
    """
    found_by = read_filter(text)
    with connection.transaction():
        if lock_account(connection, account.user_id, ()) is None:
            raise FilterGoneError("this user was removed")
        with deal_filters_within_limit(connection, account, limits):
            outcome = save_filter(connection, account.email, found_by)
        (saved,) = filter_page(
            connection, visible_to(account), user_id=account.user_id, name=found_by.name
        )
    return SavedSearch(saved, outcome)


def change_search(
    connection: Connection,
    account: Account,
    filter_id: int,
    text: FilterText,
    status: WatchStatus | None,
) -> PagedFilter:
    """Change what is given of a search, pause it or run it again, and leave the rest.

    Raises:
        UnclearFilterError: Keepa would refuse it, it cannot be read, or its name is taken.
        FilterGoneError: The user may see no such search.
    """
    with connection.transaction():
        found = _locked(connection, account, filter_id)
        changed = read_filter(text, found.saved.filter)
        if changed != found.saved.filter:
            try:
                change_filter(connection, changed)
            except FilterNameTakenError as error:
                raise UnclearFilterError(str(error)) from None
        if status is not None:
            set_filter_status(connection, found.email, changed.name, status)
        return search_of(connection, account, filter_id)


def remove_search(connection: Connection, account: Account, filter_id: int) -> None:
    """Take a search off its list; its deals stay.

    Raises:
        FilterGoneError: The user may see no such search.
    """
    with connection.transaction():
        found = _locked(connection, account, filter_id)
        name = found.saved.filter.name
        set_filter_status(connection, found.email, name, WatchStatus.INACTIVE)


def _locked(connection: Connection, account: Account, filter_id: int) -> PagedFilter:
    """Return a search that no other program changes until the transaction ends."""
    found = search_of(connection, account, filter_id)
    if lock_account(connection, found.user_id, ()) is None:
        raise FilterGoneError(f"there is no filter {filter_id}")
    return search_of(connection, account, filter_id)
