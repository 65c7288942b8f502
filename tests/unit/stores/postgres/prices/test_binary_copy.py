"""Rows of a batch as PostgreSQL's binary COPY takes them."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from keeper.stores.postgres.prices.binary_copy import COPY_END, COPY_START, binary_rows
from tests.price_events import START

amounts = st.none() | st.integers(min_value=1, max_value=2**40)
times = st.integers(-5 * 10**8, 2 * 10**9).map(lambda second: START + timedelta(seconds=second))


@given(st.lists(st.tuples(times, amounts, amounts, st.booleans()), max_size=5))
def test_binary_rows_have_the_length_their_values_need(
    values: list[tuple[datetime, int | None, int | None, bool]],
) -> None:
    rows = [(1, 2, at, at, at, price, shipping, odd) for at, price, shipping, odd in values]

    data = b"".join(binary_rows(rows))

    # Eight fields of a length each, two of 4 bytes, three times, a truth and what is not null.
    empty = 2 + 8 * 4 + 2 * 4 + 3 * 8 + 1
    amounts_there = sum(8 * (amount is not None) for row in rows for amount in (row[5], row[6]))
    expected = len(COPY_START) + len(COPY_END) + empty * len(rows) + amounts_there
    assert len(data) == expected


def test_many_rows_come_in_blocks() -> None:
    row = (1, 2, START, START, START, 100, None, False)

    blocks = list(binary_rows([row] * 10_000))

    assert len(blocks) > 2
    assert b"".join(blocks).count(b"\x00\x08\x00\x00\x00\x04") == 10_000
