"""The suite every price record passes before it may be published."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd

from keeper.checks.validation import ExpectationError, Suite, run_suite
from keeper.checks.verdicts import Failure, Verdict
from keeper.domain.asins import ASIN_PATTERN
from keeper.domain.locales import LOCALES
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.prices.types import PRICE_TYPES

__all__ = [
    "CLOCK_TOLERANCE",
    "COLUMNS",
    "KEY",
    "MAX_MINOR",
    "SUITE",
    "ExpectationError",
    "Failure",
    "Verdict",
    "validate_price_records",
]

COLUMNS: Final = (
    "asin",
    "domain",
    "currency",
    "price_type",
    "observed_at",
    "price_minor",
    "shipping_minor",
)
KEY: Final = ("asin", "domain", "price_type", "observed_at")
MAX_MINOR: Final = 1_000_000_000
"""Ten million dollars, a billion yen: above it the number is not a price."""
CLOCK_TOLERANCE: Final = timedelta(minutes=10)
"""How far Keepa's clock may run ahead of the one that read checked_at."""

# The currency a record's domain prices in, put beside the records so that one vectorised
# expectation can compare the two; the pair-in-set expectation walks the rows one by one.
_LOCALE_CURRENCY: Final = "locale_currency"
_CURRENCY_OF: Final = {locale.domain: locale.currency for locale in LOCALES}


def expect(type_: str, why: str, **kwargs: Any) -> Mapping[str, Any]:
    """Return an expectation with the reason that Data Docs show."""
    return {"type": type_, "kwargs": kwargs, "meta": {"notes": why}}


def _column(name: str) -> dict[str, str]:
    return {"name": name}


ANY_PRICE: Final = (
    *(
        expect(
            "expect_column_values_to_not_be_null",
            "Part of a record's identity.",
            column=column,
        )
        for column in ("asin", "domain", "currency", "price_type", "observed_at")
    ),
    expect(
        "expect_column_values_to_match_regex",
        "An ASIN is ten digits or capital letters.",
        column="asin",
        # `$` alone also matches before a final newline.
        regex=rf"{ASIN_PATTERN}(?!\n)",
    ),
    expect(
        "expect_column_values_to_be_in_set",
        "Keepa covers these Amazon locales.",
        column="domain",
        value_set=sorted(_CURRENCY_OF),
    ),
    expect(
        "expect_column_values_to_be_in_set",
        "The currencies of Keepa's locales.",
        column="currency",
        value_set=sorted(set(_CURRENCY_OF.values())),
    ),
    expect(
        "expect_column_pair_values_to_be_equal",
        "Each locale prices in one currency.",
        column_A="currency",
        column_B=_LOCALE_CURRENCY,
        ignore_row_if="either_value_is_missing",
    ),
    expect(
        "expect_column_values_to_be_in_set",
        "Keepa's price series; ranks, counts and ratings are not prices.",
        column="price_type",
        value_set=[price_type.name for price_type in PRICE_TYPES if price_type.is_price],
    ),
    expect(
        "expect_column_values_to_be_between",
        "Null means no offer; zero is never a price.",
        column="price_minor",
        min_value=1,
        max_value=MAX_MINOR,
    ),
    expect(
        "expect_column_values_to_be_between",
        "Keepa's time starts in 2011, and nothing is observed after it was checked.",
        column="observed_at",
        min_value={"$PARAMETER": "earliest"},
        max_value={"$PARAMETER": "latest"},
    ),
)
"""What any record of a price must fulfil: whose it is, when, and that it is one."""

SUITE: Final = Suite(
    "price_records",
    (
        *ANY_PRICE,
        expect(
            "expect_column_values_to_be_between",
            "Free shipping is zero; unknown shipping is null.",
            column="shipping_minor",
            min_value=0,
            max_value=MAX_MINOR,
        ),
        expect(
            "expect_column_values_to_be_null",
            "Without an offer, or in a series without shipping, there is none to pay.",
            column="shipping_minor",
            row_condition={
                "type": "or",
                "conditions": [
                    {"type": "nullity", "column": _column("price_minor"), "is_null": True},
                    {
                        "type": "comparison",
                        "column": _column("price_type"),
                        "operator": "NOT_IN",
                        "parameter": [p.name for p in PRICE_TYPES if p.has_shipping],
                    },
                ],
            },
        ),
        expect(
            "expect_compound_columns_to_be_unique",
            "A series has one price at a time; with two, neither can be trusted.",
            column_list=list(KEY),
            ignore_row_if="never",
        ),
    ),
)


def validate_price_records(
    records: pd.DataFrame,
    *,
    checked_at: datetime,
    docs_dir: Path | None = None,
    name: str,
) -> Verdict:
    """Check price records, whatever else their frame holds and however it is indexed.

    Args:
        records: One row a price point, with COLUMNS: texts, an aware UTC `observed_at`, and amounts
            as nullable integers in minor units. Further columns are ignored; nothing is changed.
        checked_at: When Keepa was asked, aware.
        docs_dir: Folder of its own for this check's Data Docs; none are written without it.
        name: What Data Docs call this check, such as the run and the batch.

    Returns:
        The verdict; rows are positions in `records`, and each copy of a repeated key has failed.

    Raises:
        ExpectationError: A column is missing or of a type an expectation cannot evaluate.
        ValueError: `checked_at` is not aware.
    """
    return validate_records(
        SUITE, COLUMNS, records, checked_at=checked_at, docs_dir=docs_dir, name=name
    )


def validate_records(
    suite: Suite,
    columns: Sequence[str],
    records: pd.DataFrame,
    *,
    checked_at: datetime,
    docs_dir: Path | None,
    name: str,
) -> Verdict:
    """Check records of any suite that begins with ANY_PRICE; see validate_price_records.

    Raises:
        ExpectationError: One of `columns` is missing or of a type an expectation cannot evaluate.
        ValueError: `checked_at` is not aware.
    """
    if checked_at.tzinfo is None:
        raise ValueError("checked_at must be an aware time")
    missing = [column for column in columns if column not in records.columns]
    if missing:
        raise ExpectationError(
            f"{suite.name.replace('_', ' ')} lack the columns {', '.join(missing)}"
        )
    if records.empty:
        return Verdict(checked=0)
    frame = records.loc[:, list(columns)].reset_index(drop=True)
    # An object column is matched by Python's own re, whichever engine backs pandas' strings.
    frame["asin"] = frame["asin"].astype(object)
    frame[_LOCALE_CURRENCY] = frame["domain"].map(_CURRENCY_OF)
    return run_suite(
        suite,
        frame,
        parameters={"earliest": KEEPA_EPOCH, "latest": checked_at + CLOCK_TOLERANCE},
        name=name,
        run_time=checked_at,
        docs_dir=docs_dir,
    )
