"""Price events from a seed: watched series whose prices move as Amazon's do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from keeper.domain.prices.events import PriceEvent
from keeper.domain.prices.points import PricePoint
from keeper.domain.watches.watch import Watch
from keeper.streams.codec import encode_price_event

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
EVERY: Final = timedelta(hours=6)
WATCHED_BELOW: Final = 0.75
"""A watch's target, as a share of its series' first price."""


def asin_of(series: int) -> str:
    """Return the ASIN of a series."""
    return f"B{series:09d}"


def seeded_watches(series: int) -> list[Watch]:
    """Return a watch for each of `series` series."""
    return [
        Watch(asin_of(one), "us", "NEW", round(_first_price(one) * WATCHED_BELOW))
        for one in range(series)
    ]


def seeded_events(count: int, *, series: int = 10_000) -> Iterator[PriceEvent]:
    """Make price events: check after check, in each a point of every series.

    One point in 50 has no offer, one in 100 is implausible, one in ten comes with shipping.
    """
    chance = Random(20_260_301)
    former: list[PricePoint | None] = [None] * series
    for number in range(count):
        one, check = number % series, number // series
        checked_at = START + (check + 1) * EVERY
        price = None if chance.random() < 0.02 else round(_first_price(one) * chance.gauss(1, 0.1))
        point = PricePoint(
            asin_of(one),
            "us",
            "NEW",
            checked_at - timedelta(minutes=chance.randrange(2, 350, 2)),
            None if price is None else max(price, 1),
            399 if price and chance.random() < 0.1 else None,
            "USD",
        )
        yield PriceEvent.of_point(
            point,
            previous=former[one],
            target_minor=None,
            title=f"Seeded product {one}, in a box of its own, for benchmarks",
            image_url=f"https://images.example/I/{one:09d}.jpg",
            implausible=chance.random() < 0.01,
            checked_at=checked_at,
            source="simulator",
            run_id=f"bench/{check}",
        )
        former[one] = point


def seeded_messages(count: int, *, series: int = 10_000) -> Iterator[tuple[bytes, bytes]]:
    """Return the keys and values of those events on `price-updates`."""
    for event in seeded_events(count, series=series):
        yield event.asin.encode(), encode_price_event(event)


def _first_price(series: int) -> int:
    return 500 + series * 7_919 % 40_000
