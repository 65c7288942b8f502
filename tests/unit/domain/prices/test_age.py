"""From what age a price is old."""

from datetime import UTC, datetime, timedelta

import pytest

from keeper.domain.prices.age import old_look, stale_after

CHECKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD_AFTER = timedelta(hours=12)


def test_two_intervals_are_old() -> None:
    assert stale_after(timedelta(hours=6)) == OLD_AFTER


@pytest.mark.parametrize(
    ("age_h", "is_old"), [(0, False), (12, False), (12.1, True), (24 * 30, True), (-1, False)]
)
def test_a_look_is_old_by_the_check_that_brought_it(age_h: float, is_old: bool) -> None:
    seen_at = CHECKED_AT - timedelta(hours=age_h)
    assert old_look(seen_at, CHECKED_AT, OLD_AFTER) == (seen_at if is_old else None)


def test_what_is_not_known_is_not_old() -> None:
    assert old_look(None, CHECKED_AT, OLD_AFTER) is None
    assert old_look(CHECKED_AT, None, OLD_AFTER) is None
