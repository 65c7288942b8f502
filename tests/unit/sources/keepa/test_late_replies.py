"""How late replies are paid for and asked for again."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from keeper.domain.prices.detail import Detail
from keeper.domain.tokens.balance import TokenReading
from keeper.sources.keepa.config import KeepaConfig
from keeper.sources.keepa.late_replies import asked_again, halves
from keeper.sources.keepa.products.requests import COLLECT_NOTHING, ProductQuery
from keeper.sources.keepa.tokens import was_charged

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def reading(left: int, after_s: float = 0) -> TokenReading:
    at = AT + timedelta(seconds=after_s)
    return TokenReading(left, refill_rate=20, next_refill_at=at + timedelta(seconds=30), read_at=at)


@pytest.mark.parametrize(
    ("before", "after", "charged"),
    [
        pytest.param(reading(100), reading(100, 10), False, id="as before"),
        pytest.param(reading(100), reading(97, 10), True, id="fallen"),
        pytest.param(reading(100), reading(120, 31), False, id="refilled"),
        pytest.param(reading(100), reading(117, 31), True, id="refilled, but by less"),
        pytest.param(reading(1200), reading(1200, 95), False, id="full before and after"),
        pytest.param(reading(100), None, True, id="Keepa does not say"),
        pytest.param(None, reading(100), True, id="not known before"),
    ],
)
def test_a_balance_below_what_it_should_be_was_charged(
    before: TokenReading | None, after: TokenReading | None, charged: bool
) -> None:
    assert was_charged(before, after) is charged


@pytest.mark.parametrize(
    ("asins", "parts"), [("", []), ("A", ["A"]), ("AB", ["A", "B"]), ("ABCDE", ["ABC", "DE"])]
)
def test_halves_have_each_product_once_in_its_order(asins: str, parts: list[str]) -> None:
    assert ["".join(part) for part in halves(asins)] == parts


@pytest.mark.parametrize(
    ("update_h", "then"), [(None, 1), (0, 1), (1, 1), (24, 24), (COLLECT_NOTHING, COLLECT_NOTHING)]
)
def test_what_was_just_collected_is_not_collected_again(update_h: int | None, then: int) -> None:
    query = ProductQuery(Detail.OFFERS, with_rating=True, update_h=update_h)
    assert asked_again(query) == ProductQuery(Detail.OFFERS, with_rating=True, update_h=then)


def test_offers_have_more_time() -> None:
    config = KeepaConfig(SecretStr("key"), "http://localhost:1")
    limits = [config.timeout_for(detail) for detail in (None, *Detail)]
    assert limits == [120, 120, 120, 180]
