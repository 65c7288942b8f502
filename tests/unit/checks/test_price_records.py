import subprocess
import sys

import pandas as pd
import pytest

from keeper.checks.price_records import COLUMNS, SUITE, ExpectationError, validate_price_records
from keeper.domain.prices.points import KEEPA_EPOCH, from_keepa_minutes

CHECKED_AT = from_keepa_minutes(7_500_000)


def test_importing_the_checks_does_not_pay_for_great_expectations() -> None:
    loaded = (
        "import sys, keeper.checks.price_records; "
        "print([m for m in ('great_expectations', 'scipy', 'airflow') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_empty_batch_has_an_empty_verdict() -> None:
    records = pd.DataFrame(columns=list(COLUMNS))
    verdict = validate_price_records(records, checked_at=CHECKED_AT, name="run, batch 0")
    assert (verdict.checked, verdict.failures, verdict.docs) == (0, (), None)


def test_a_missing_column_is_an_error_even_of_an_empty_batch() -> None:
    with pytest.raises(ExpectationError, match=r"lack the columns currency, shipping_minor"):
        validate_price_records(
            pd.DataFrame(columns=["asin", "domain", "price_type", "observed_at", "price_minor"]),
            checked_at=CHECKED_AT,
            name="run, batch 0",
        )


def test_a_naive_time_of_check_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        validate_price_records(
            pd.DataFrame(columns=list(COLUMNS)),
            checked_at=KEEPA_EPOCH.replace(tzinfo=None),
            name="run, batch 0",
        )


def test_no_two_expectations_share_a_name_and_a_column() -> None:
    """The quarantine keeps a row once for each expectation and column."""
    about = [
        (
            expectation["type"],
            str(
                expectation["kwargs"].get("column")
                or expectation["kwargs"].get("column_A")
                or expectation["kwargs"]["column_list"]
            ),
        )
        for expectation in SUITE.expectations
    ]
    assert len(set(about)) == len(about)
