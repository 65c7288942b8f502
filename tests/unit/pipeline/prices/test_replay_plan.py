"""How a replay's replies are divided into batches."""

from datetime import UTC, datetime

import pytest

from keeper.domain.watches.watch import ProductToCheck
from keeper.pipeline.prices.replay_plan import ReplayPlan
from keeper.stores.lake.archive import ArchivedReply

AT = datetime(2026, 3, 1, tzinfo=UTC)


def plan_of(*sizes: int) -> ReplayPlan:
    """Return a plan of replies that hold so many products."""
    return ReplayPlan(
        {
            ArchivedReply(f"reply-{number}", "product", "us", (), AT, 1, "simulator", "r", 1, ""): [
                ProductToCheck(f"B{number}{product:08}", "us", {}, {}) for product in range(size)
            ]
            for number, size in enumerate(sizes)
        },
        without_reply=0,
        damaged=[],
    )


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ((), []),
        ((2, 2, 2), [2, 1]),
        ((3, 1, 4), [2, 1]),
        ((9, 1), [1, 1]),
        ((1, 9), [2]),
    ],
)
def test_a_batch_ends_once_it_is_full_and_never_divides_a_reply(
    sizes: tuple[int, ...], batches: list[int]
) -> None:
    plan = plan_of(*sizes)

    divided = plan.batches(4)

    assert [len(batch) for batch in divided] == batches
    assert [reply for batch in divided for reply in batch] == list(plan.products)
    assert plan.total == sum(sizes)
