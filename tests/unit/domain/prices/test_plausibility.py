"""Jumps outside a product's own history."""

import pytest

from keeper.domain.prices.plausibility import is_implausible


@pytest.mark.parametrize(
    ("price", "keepa_low", "keepa_high", "expected"),
    [
        (1000, None, None, False),
        (400, None, None, False),
        (399, None, None, True),
        (399, 399, None, False),
        (399, 800, None, True),
        (5000, None, None, False),
        (5001, None, None, True),
        (5001, None, 5001, False),
        (5001, None, 2000, True),
        (None, None, None, False),
    ],
    ids=[
        "in the range",
        "a real sale",
        "a crash",
        "a crash Keepa counts as its minimum",
        "a crash Keepa leaves out",
        "dear",
        "a leap",
        "a leap Keepa counts as its maximum",
        "a leap Keepa leaves out",
        "no offer",
    ],
)
def test_a_jump_is_implausible_unless_keepa_counts_it(
    price: int | None, keepa_low: int | None, keepa_high: int | None, expected: bool
) -> None:
    found = is_implausible(
        price,
        earlier_low=1000,
        earlier_high=2000,
        keepa_low=keepa_low,
        keepa_high=keepa_high,
    )

    assert found is expected


def test_a_first_price_has_nothing_to_jump_from() -> None:
    assert not is_implausible(1, earlier_low=None, earlier_high=None)
