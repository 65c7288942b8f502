"""Money in minor units, and at the edges."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.locales import MINOR_DIGITS
from keeper.domain.money import (
    InvalidAmountError,
    format_money,
    read_amount,
    to_major,
    to_minor,
)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1999, "USD", "$19.99"),
        (123450, "GBP", "£1,234.50"),
        (5, "EUR", "€0.05"),
        (1980, "JPY", "¥1,980"),
        (100, "BRL", "R$1.00"),
    ],
)
def test_money_is_written_for_people(minor: int, currency: str, text: str) -> None:
    assert format_money(minor, currency) == text


@given(st.integers(min_value=1, max_value=10**9), st.sampled_from(sorted(MINOR_DIGITS)))
def test_an_amount_survives_the_way_out_and_back(minor: int, currency: str) -> None:
    assert to_minor(to_major(minor, currency), currency) == minor
    assert read_amount(str(to_major(minor, currency)), currency) == minor
    # Keeper's own writing has groups, which alone can look like decimals only where there are some.
    assert read_amount(format_money(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0", "USD"),
        ("-5", "USD"),
        ("NaN", "USD"),
        ("Infinity", "USD"),
        ("1e30", "USD"),
        ("19.999", "USD"),
        ("19.5", "JPY"),
        ("19.9900000000000000000000000000000001", "USD"),
        ("1e-9999999999", "USD"),
    ],
)
def test_what_is_no_amount_says_so(amount: str, currency: str) -> None:
    with pytest.raises(InvalidAmountError):
        to_minor(Decimal(amount), currency)


def test_trailing_zeros_are_no_finer_than_the_minor_unit() -> None:
    assert to_minor(Decimal("19.9900"), "USD") == 1999


@given(st.text("0123456789.,' €$-/\u00a0１"), st.sampled_from(sorted(MINOR_DIGITS)))
def test_any_text_is_an_amount_or_refused(text: str, currency: str) -> None:
    try:
        minor = read_amount(text, currency)
    except InvalidAmountError:
        return
    assert minor > 0
