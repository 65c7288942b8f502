"""What an event says of a point and the one before it."""

from decimal import Decimal

import pytest

from keeper.domain.prices.events import PriceEvent, event_id_of
from keeper.domain.prices.points import PricePoint
from tests.price_events import price_event


@pytest.mark.parametrize(
    ("price", "previous", "current", "former", "change"),
    [
        (1999, 2499, "19.99", "24.99", "-5.00"),
        (2499, 1999, "24.99", "19.99", "5.00"),
        (1999, None, "19.99", None, None),
        (None, 1999, None, "19.99", None),
        (None, None, None, None, None),
    ],
    ids=["fell", "rose", "first point", "sold out", "never offered"],
)
def test_prices_are_decimals_and_null_without_an_offer(
    price: int | None,
    previous: int | None,
    current: str | None,
    former: str | None,
    change: str | None,
) -> None:
    event = price_event(price, previous=previous)

    def decimal(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    assert event.price_minor == price
    assert event.current_price == decimal(current)
    assert event.previous_price == decimal(former)
    assert event.price_change == decimal(change)


def test_a_point_before_without_an_offer_gives_no_change() -> None:
    point = price_event(1999)
    event = PriceEvent.of_point(
        _point_of(point),
        previous=_point_of(price_event(None)),
        target_minor=1500,
        title=None,
        image_url=None,
        implausible=False,
        checked_at=point.checked_at,
        source="keepa",
        run_id="run",
    )

    assert (event.previous_price, event.price_change) == (None, None)
    assert event.target_price == Decimal("15.00")


def test_yen_are_whole() -> None:
    event = price_event(1980, domain="jp", previous=2000)

    assert event.current_price == Decimal(1980)
    assert event.price_change == Decimal(-20)


def test_every_report_of_a_point_has_its_id() -> None:
    reports = [
        price_event(1999),
        price_event(1999, check=6, run_id="run-2", title="Renamed", implausible=True, previous=5),
    ]

    assert len({event.event_id for event in reports}) == 1
    # Stored ids must outlive the code that made them.
    assert event_id_of(_point_of(reports[0])) == "ff7464ed6df34f1cd8a73c3bd6e4ebeb"


def _point_of(event: PriceEvent) -> PricePoint:
    return PricePoint(
        event.asin,
        event.domain,
        event.price_type,
        event.timestamp,
        event.price_minor,
        event.shipping_minor,
        event.currency,
    )
