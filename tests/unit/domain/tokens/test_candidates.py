"""What a run asks of each watched product."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from keeper.domain.prices.detail import Detail
from keeper.domain.product_kinds import ProductKind
from keeper.domain.tokens.candidates import RequestPolicy, WatchedProduct
from keeper.domain.tokens.plan import Candidate

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
INTERVAL = timedelta(hours=6)
POLICY = RequestPolicy(INTERVAL)


def product(**checked_h: float | None) -> WatchedProduct:
    """Return a product by its price types and how many hours ago each was checked."""
    times = {
        name: None if hours is None else NOW - timedelta(hours=hours)
        for name, hours in checked_h.items()
    }
    return WatchedProduct("B000000001", "us", times)


def only(policy: RequestPolicy, watched: WatchedProduct, **options: bool) -> Candidate:
    (candidate,) = policy.candidates([watched], at=NOW, **options)
    return candidate


@pytest.mark.parametrize(
    ("price_types", "detail"),
    [
        (["NEW", "AMAZON"], Detail.BASIC),
        (["NEW", "BUY_BOX_SHIPPING"], Detail.BUY_BOX),
        (["BUY_BOX_SHIPPING", "USED_GOOD_SHIPPING"], Detail.OFFERS),
    ],
    ids=str,
)
def test_the_dearest_watched_price_type_decides(price_types: list[str], detail: Detail) -> None:
    found = only(POLICY, product(**dict.fromkeys(price_types, 6.0)))
    assert (found.detail, found.price_types) == (detail, tuple(price_types))


def test_the_oldest_check_counts_and_one_that_never_was_is_older_still() -> None:
    assert only(POLICY, product(NEW=6, USED=12)).last_checked_at == NOW - timedelta(hours=12)
    assert only(POLICY, product(NEW=6, USED=None)).last_checked_at is None


def test_more_can_be_asked_for_than_is_watched_and_never_less() -> None:
    policy = RequestPolicy(INTERVAL, least=Detail.BUY_BOX)
    assert only(policy, product(NEW=6)).detail is Detail.BUY_BOX
    assert only(policy, product(WAREHOUSE=6)).detail is Detail.OFFERS


DAILY = RequestPolicy(INTERVAL, offers_interval=timedelta(hours=24))


def test_offers_that_are_not_due_are_left_out_and_the_rest_is_asked_for() -> None:
    found = only(DAILY, product(NEW=6, WAREHOUSE=12))
    assert (found.detail, found.price_types) == (Detail.BASIC, ("NEW",))
    assert found.last_checked_at == NOW - timedelta(hours=6)
    assert list(DAILY.candidates([product(WAREHOUSE=12)], at=NOW)) == []


def test_the_least_that_is_asked_for_waits_for_the_offers_too() -> None:
    policy = RequestPolicy(INTERVAL, Detail.OFFERS, timedelta(hours=24))
    found = only(policy, product(NEW=6, WAREHOUSE=12))
    assert (found.detail, found.price_types) == (Detail.BUY_BOX, ("NEW",))


@pytest.mark.parametrize("hours", [23.9, 24, 100, None])
def test_offers_are_due_once_their_interval_is_over(hours: float | None) -> None:
    assert only(DAILY, product(NEW=6, WAREHOUSE=hours)).detail is Detail.OFFERS


def test_what_somebody_asks_for_is_always_due() -> None:
    assert only(DAILY, product(WAREHOUSE=1), in_any_case=True).detail is Detail.OFFERS


def not_found(misses: int, hours: float) -> WatchedProduct:
    asked_at = NOW - timedelta(hours=hours)
    return WatchedProduct(
        "HEADPHONES", "us", {"NEW": None}, kind=ProductKind.NOT_FOUND, misses=misses,
        asked_at=asked_at,
    )  # fmt: skip


def test_a_product_keepa_has_not_known_twice_is_asked_for_once_a_day() -> None:
    assert list(POLICY.candidates([not_found(2, 6)], at=NOW)) == []
    found = only(POLICY, not_found(2, 24))
    assert found.is_unknown
    # It is not taken for one that was never asked for, which would come first.
    assert found.last_checked_at == NOW - timedelta(hours=24)
    assert only(POLICY, not_found(2, 6), in_any_case=True).is_unknown


def test_a_product_keepa_has_not_known_once_is_asked_for_as_any_other() -> None:
    assert not only(POLICY, not_found(1, 6)).is_unknown


@pytest.mark.parametrize("kind", [ProductKind.PARENT, ProductKind.EBOOK, ProductKind.WITHDRAWN])
def test_of_a_product_without_offers_only_the_least_is_asked(kind: ProductKind) -> None:
    watched = WatchedProduct("B000000001", "us", {"WAREHOUSE": None}, kind=kind)
    found = only(POLICY, watched)
    assert (found.detail, found.price_types) == (Detail.BASIC, ("WAREHOUSE",))


def test_a_check_is_for_those_who_watch_what_is_due() -> None:
    watched = replace(product(NEW=6, WAREHOUSE=12), owners={"NEW": [1, 2], "WAREHOUSE": [2, 3]})
    assert only(DAILY, watched).owners == {1, 2}
    assert only(POLICY, watched).owners == {1, 2, 3}
    assert only(POLICY, product(NEW=6)).owners == frozenset()
