"""The deal suite run by Great Expectations itself; no service is needed."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from keeper.checks.deal_records import AMOUNTS, COLUMNS, SUITE, validate_deal_records
from keeper.checks.validation import ExpectationError
from keeper.checks.verdicts import Verdict
from tests.deals import CHECKED_AT

BETWEEN = "expect_column_values_to_be_between"
GOOD: Mapping[str, Any] = {
    "asin": "B00EXAMPLE",
    "domain": "us",
    "currency": "USD",
    "price_type": "NEW",
    "observed_at": CHECKED_AT - timedelta(hours=6),
    "price_minor": 1999,
    "previous_minor": 2999,
    "original_minor": 2899,
    "list_price_minor": 9900,
    "discount_percent": 31,
    "rating": 4.5,
    "review_count": 12,
    "sales_rank": 4321,
    "score": 63,
}
NULLABLE = ("price_minor", *AMOUNTS, "discount_percent", "rating", "review_count", "sales_rank")


def check(*changes: Mapping[str, Any], **options: Any) -> Verdict:
    """Check one deal for each set of changes to a good one, each of a product of its own."""
    rows = [{**GOOD, "asin": f"B{number:09d}", **change} for number, change in enumerate(changes)]
    numbers = ("price_minor", *AMOUNTS, "discount_percent", "review_count", "sales_rank", "score")
    records = pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {**dict.fromkeys(numbers, "Int64"), "rating": "Float64"}
    )
    records["observed_at"] = pd.to_datetime(records["observed_at"], utc=True)
    return validate_deal_records(records, checked_at=CHECKED_AT, name="run, kettles", **options)


def test_good_deals_pass_whatever_keepa_does_not_know(tmp_path: Path) -> None:
    verdict = check({}, dict.fromkeys(NULLABLE), {"rating": 0, "score": 0}, docs_dir=tmp_path)

    assert (verdict.checked, verdict.failures) == (3, ())
    assert verdict.docs is not None
    assert verdict.docs.is_file()


@pytest.mark.parametrize(
    ("change", "expectation", "column"),
    [
        ({"asin": "short"}, "expect_column_values_to_match_regex", "asin"),
        ({"currency": "EUR"}, "expect_column_pair_values_to_be_equal", "currency"),
        ({"price_type": "SALES"}, "expect_column_values_to_be_in_set", "price_type"),
        ({"price_minor": 0}, BETWEEN, "price_minor"),
        ({"price_minor": -7}, BETWEEN, "price_minor"),
        ({"previous_minor": 0}, BETWEEN, "previous_minor"),
        ({"original_minor": 2_000_000_000}, BETWEEN, "original_minor"),
        ({"discount_percent": -10_001}, BETWEEN, "discount_percent"),
        ({"rating": 5.1}, BETWEEN, "rating"),
        ({"review_count": -1}, BETWEEN, "review_count"),
        ({"sales_rank": 0}, BETWEEN, "sales_rank"),
        ({"score": 101}, BETWEEN, "score"),
        ({"score": None}, "expect_column_values_to_not_be_null", "score"),
        ({"observed_at": CHECKED_AT + timedelta(hours=1)}, BETWEEN, "observed_at"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_bad_deal_fails_alone(change: dict[str, Any], expectation: str, column: str) -> None:
    (failure,) = check({}, change, {}).failures

    assert (failure.row, failure.expectation, failure.column) == (1, expectation, column)


def test_two_prices_of_one_moment_both_fail() -> None:
    twice = {"asin": "B00EXAMPLE"}

    assert check(twice, {}, {**twice, "price_minor": 1500}).failed_rows == (0, 2)


def test_no_two_expectations_share_a_name_and_a_column() -> None:
    """The quarantine keeps a row once for each expectation and column."""
    about = [
        (expectation["type"], str(kwargs.get("column", kwargs.get("column_A"))))
        for expectation in SUITE.expectations
        for kwargs in [expectation["kwargs"]]
    ]
    assert len(set(about)) == len(about)


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(ExpectationError, match="deal records lack the columns domain"):
        validate_deal_records(
            pd.DataFrame([GOOD]).drop(columns="domain"), checked_at=CHECKED_AT, name="run"
        )
