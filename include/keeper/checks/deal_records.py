"""The suite every deal passes before it may be published."""

from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from keeper.checks.price_records import ANY_PRICE, KEY, MAX_MINOR, expect, validate_records
from keeper.checks.validation import Suite
from keeper.checks.verdicts import Verdict

__all__ = ["AMOUNTS", "COLUMNS", "SUITE", "validate_deal_records"]

AMOUNTS: Final = ("previous_minor", "original_minor", "list_price_minor")
"""Further prices of a deal."""
COLUMNS: Final = (
    *("asin", "domain", "currency", "price_type", "observed_at", "price_minor"),
    *AMOUNTS,
    *("discount_percent", "rating", "review_count", "sales_rank", "score"),
)
_MOST: Final = 2**31 - 1

SUITE: Final = Suite(
    "deal_records",
    (
        *ANY_PRICE,
        *(
            expect(
                "expect_column_values_to_be_between",
                "Null where Keepa has none; zero is never a price.",
                column=column,
                min_value=1,
                max_value=MAX_MINOR,
            )
            for column in AMOUNTS
        ),
        expect(
            "expect_column_values_to_be_between",
            "What costs a hundred times as much as usual is a mistake.",
            column="discount_percent",
            min_value=-10_000,
            max_value=100,
        ),
        expect(
            "expect_column_values_to_be_between",
            "Amazon's ratings go from 0.0 to 5.0 stars.",
            column="rating",
            min_value=0,
            max_value=5,
        ),
        expect(
            "expect_column_values_to_be_between",
            "Reviews are counted.",
            column="review_count",
            min_value=0,
            max_value=_MOST,
        ),
        expect(
            "expect_column_values_to_be_between",
            "The best rank is 1.",
            column="sales_rank",
            min_value=1,
            max_value=_MOST,
        ),
        expect(
            "expect_column_values_to_not_be_null",
            "Every deal is scored.",
            column="score",
        ),
        expect(
            "expect_column_values_to_be_between",
            "A score is 0 to 100.",
            column="score",
            min_value=0,
            max_value=100,
        ),
        expect(
            "expect_compound_columns_to_be_unique",
            "A series has one price at a time; with two, neither can be trusted.",
            column_list=list(KEY),
            ignore_row_if="never",
        ),
    ),
)


def validate_deal_records(
    records: pd.DataFrame,
    *,
    checked_at: datetime,
    docs_dir: Path | None = None,
    name: str,
) -> Verdict:
    """Check deals, as validate_price_records checks price records.

    Args:
        records: One row a deal of one filter, with COLUMNS: texts, an aware UTC `observed_at`,
            amounts and counts as nullable integers, `rating` as a nullable float.
        checked_at: When Keepa was asked, aware.
        docs_dir: Folder of its own for this check's Data Docs; none are written without it.
        name: What Data Docs call this check.

    Raises:
        ExpectationError: A column is missing or of a type an expectation cannot evaluate.
        ValueError: `checked_at` is not aware.
    """
    return validate_records(
        SUITE, COLUMNS, records, checked_at=checked_at, docs_dir=docs_dir, name=name
    )
