"""Which watches of a list are shown, and in which order."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from keeper.domain.watches.watch import Watch, WatchedPrice, WatchStatus
from keeper.pipeline.watches.selection import WatchOrder, WatchSelection, is_below_target

CHECKED = datetime(2026, 3, 1, tzinfo=UTC)


def listed(
    number: int,
    price: int | None = None,
    target: int | None = None,
    *,
    domain: str = "us",
    title: str | None = None,
    checked: datetime | None = CHECKED,
) -> WatchedPrice:
    watch = Watch(f"B00000000{number}", domain, "NEW", target)
    return WatchedPrice(watch, title, price, "USD", CHECKED, checked, False, "keepa")


ITEMS = [
    listed(1, 500, 1000, title="Mouse"),
    listed(2, 1000, 1000, title="a Keyboard, mechanical"),
    listed(3, 1001, 1000, domain="de"),
    listed(4, None, 1000, checked=None),
    listed(5, 100, None, title="Keyboard"),
]
BUY_BOX = replace(
    ITEMS[0],
    watch=replace(ITEMS[0].watch, price_type="BUY_BOX_SHIPPING", with_shipping=True),
)


def numbers(selection: WatchSelection) -> list[int]:
    return [int(item.watch.asin[-1]) for item in selection.of(ITEMS)]


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (WatchSelection(), [3, 1, 2, 4, 5]),
        (WatchSelection(domain="de"), [3]),
        (WatchSelection(price_type="USED"), []),
        (WatchSelection(words="KEYBOARD"), [2, 5]),
        (WatchSelection(words="mechanical key"), [2]),
        (WatchSelection(words="b000000004"), [4]),
        (WatchSelection(is_below_target=True), [1, 2]),
        (WatchSelection(statuses=frozenset({WatchStatus.PAUSED})), []),
    ],
)
def test_a_selection_takes_what_fits(selection: WatchSelection, found: list[int]) -> None:
    assert numbers(selection) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        # Amounts of different currencies are not compared.
        (WatchOrder.PRICE, [3, 5, 1, 2, 4]),
        (WatchOrder.TARGET, [3, 1, 2, 4, 5]),
        (WatchOrder.DISTANCE, [1, 2, 3, 4, 5]),
        (WatchOrder.TITLE, [2, 5, 1, 3, 4]),
        (WatchOrder.CHECKED, [4, 3, 1, 2, 5]),
    ],
)
def test_a_selection_is_sorted_and_what_has_no_value_comes_last(
    order: WatchOrder, found: list[int]
) -> None:
    assert numbers(WatchSelection(order=order)) == found


def test_shipping_counts_where_the_watch_counts_it_and_a_hidden_price_is_none() -> None:
    assert is_below_target(replace(BUY_BOX, shipping_minor=500))
    assert not is_below_target(replace(BUY_BOX, shipping_minor=501))
    assert not is_below_target(BUY_BOX)
    assert not is_below_target(replace(ITEMS[0], is_price_hidden=True))
