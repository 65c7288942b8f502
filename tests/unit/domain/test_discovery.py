"""The target an approved product gets."""

import pytest

from keeper.domain.discovery import target_below


@pytest.mark.parametrize(
    ("average", "percent", "target"),
    [
        (10_000, 10, 9_000),
        (999, 10, 899),
        (1, 50, None),
        (None, 10, None),
        (10_000, None, None),
    ],
    ids=["a tenth below", "rounded down", "rounded to nothing", "no average", "no rule"],
)
def test_the_target_is_a_share_below_the_average(
    average: int | None, percent: int | None, target: int | None
) -> None:
    assert target_below(average, percent) == target
