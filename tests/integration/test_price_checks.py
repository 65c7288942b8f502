"""The price suite run by Great Expectations itself; no service is needed."""

import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest

from keeper.checks.price_records import (
    CLOCK_TOLERANCE,
    COLUMNS,
    MAX_MINOR,
    SUITE,
    ExpectationError,
    validate_price_records,
)
from keeper.checks.validation import Suite, run_suite
from keeper.checks.verdicts import Verdict
from keeper.domain.locales import LOCALES
from keeper.domain.prices.points import KEEPA_EPOCH
from keeper.domain.prices.types import PRICE_TYPES
from keeper.errors import TerminalError

CHECKED_AT = datetime(2025, 4, 30, 12, tzinfo=UTC)
NOT_NULL = "expect_column_values_to_not_be_null"
NULL = "expect_column_values_to_be_null"
IN_SET = "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"
REGEX = "expect_column_values_to_match_regex"
EQUAL = "expect_column_pair_values_to_be_equal"
UNIQUE = "expect_compound_columns_to_be_unique"

GOOD: Mapping[str, Any] = {
    "asin": "B00EXAMPLE",
    "domain": "us",
    "currency": "USD",
    "price_type": "BUY_BOX_SHIPPING",
    "observed_at": CHECKED_AT - timedelta(hours=6),
    "price_minor": 1999,
    "shipping_minor": 499,
}


def records_of(*changes: Mapping[str, Any]) -> pd.DataFrame:
    """Make one record for each set of changes to a good one, each of a product of its own."""
    rows = [{**GOOD, "asin": f"B{number:09d}", **change} for number, change in enumerate(changes)]
    return typed(pd.DataFrame(rows, columns=list(COLUMNS)))


def typed(records: pd.DataFrame) -> pd.DataFrame:
    return records.astype(
        {
            **dict.fromkeys(("asin", "domain", "currency", "price_type"), "str"),
            "observed_at": "datetime64[us, UTC]",
            "price_minor": "Int64",
            "shipping_minor": "Int64",
        }
    )


def check(records: pd.DataFrame, **options: Any) -> Verdict:
    return validate_price_records(records, checked_at=CHECKED_AT, name="run, batch 0", **options)


def reasons(verdict: Verdict) -> list[tuple[int, str, str | None, str | None]]:
    return [(f.row, f.expectation, f.column, f.value) for f in verdict.failures]


BROKEN: Final = [
    pytest.param({"asin": "B00EXAMPL"}, REGEX, "asin", "B00EXAMPL", id="short ASIN"),
    pytest.param({"asin": "b00example"}, REGEX, "asin", "b00example", id="lower-case ASIN"),
    pytest.param({"asin": "B00EXAMPLE\n"}, REGEX, "asin", "B00EXAMPLE\n", id="newline at the end"),
    pytest.param({"asin": None}, NOT_NULL, "asin", None, id="no ASIN"),
    pytest.param({"domain": "nl"}, IN_SET, "domain", "nl", id="unknown locale"),
    pytest.param({"domain": None}, NOT_NULL, "domain", None, id="no locale"),
    pytest.param({"currency": "EUR"}, EQUAL, "currency", "EUR", id="another's currency"),
    pytest.param({"currency": None}, NOT_NULL, "currency", None, id="no currency"),
    pytest.param(
        {"price_type": "SALES", "shipping_minor": None},
        IN_SET,
        "price_type",
        "SALES",
        id="a rank is not a price",
    ),
    pytest.param(
        {"price_type": "BUY_BOX", "shipping_minor": None},
        IN_SET,
        "price_type",
        "BUY_BOX",
        id="unknown price type",
    ),
    pytest.param(
        {"price_type": None, "shipping_minor": None},
        NOT_NULL,
        "price_type",
        None,
        id="no price type",
    ),
    pytest.param({"price_minor": 0}, BETWEEN, "price_minor", "0", id="price of zero"),
    pytest.param({"price_minor": -1}, BETWEEN, "price_minor", "-1", id="Keepa's no offer"),
    pytest.param(
        {"price_minor": MAX_MINOR + 1}, BETWEEN, "price_minor", "1000000001", id="absurd price"
    ),
    pytest.param({"shipping_minor": -1}, BETWEEN, "shipping_minor", "-1", id="below free"),
    pytest.param({"price_minor": None}, NULL, "shipping_minor", "499", id="only shipping"),
    pytest.param(
        {"price_type": "NEW"}, NULL, "shipping_minor", "499", id="shipping where there is none"
    ),
    pytest.param(
        {"observed_at": KEEPA_EPOCH - timedelta(minutes=1)},
        BETWEEN,
        "observed_at",
        "2010-12-31 23:59:00+00:00",
        id="before Keepa",
    ),
    pytest.param(
        {"observed_at": CHECKED_AT + CLOCK_TOLERANCE + timedelta(minutes=1)},
        BETWEEN,
        "observed_at",
        "2025-04-30 12:11:00+00:00",
        id="in the future",
    ),
    pytest.param({"observed_at": None}, NOT_NULL, "observed_at", None, id="no time"),
]
"""A change of a good record, and what must be said of it."""


@pytest.fixture(scope="module")
def verdict_of_all() -> Verdict:
    """What one check says of all that is broken, each between good records."""
    records: list[Any] = [{}]
    for case in BROKEN:
        records += [case.values[0], {}]
    return check(records_of(*records))


@pytest.mark.parametrize("number", range(len(BROKEN)), ids=[case.id for case in BROKEN])
def test_a_broken_rule_is_named_and_only_its_row_fails(
    number: int, verdict_of_all: Verdict
) -> None:
    _, expectation, column, value = BROKEN[number].values
    row = 2 * number + 1
    assert [reason for reason in reasons(verdict_of_all) if reason[0] == row] == [
        (row, expectation, column, value)
    ]
    assert list(verdict_of_all.good_rows)[row - 1 : row + 2] == [True, False, True]


def test_an_unknown_currency_is_neither_known_nor_its_locales() -> None:
    assert reasons(check(records_of({"currency": "XXX"}))) == [
        (0, EQUAL, "currency", "XXX"),
        (0, IN_SET, "currency", "XXX"),
    ]


def test_each_copy_of_a_repeated_key_fails() -> None:
    twice = {"asin": "B00EXAMPLE", "price_minor": 1999}
    other = {"asin": "B00EXAMPLE", "price_minor": 2999}
    elsewhere = {"asin": "B00EXAMPLE", "domain": "uk", "currency": "GBP"}
    key = "B00EXAMPLE,us,BUY_BOX_SHIPPING,2025-04-30 06:00:00+00:00"
    assert reasons(check(records_of(twice, other, elsewhere))) == [
        (0, UNIQUE, "asin,domain,price_type,observed_at", key),
        (1, UNIQUE, "asin,domain,price_type,observed_at", key),
    ]


def test_edges_that_are_good() -> None:
    edges: list[dict[str, Any]] = [
        {"price_minor": None, "shipping_minor": None},  # no offer
        {"shipping_minor": 0},  # free shipping
        {"shipping_minor": None},  # shipping unknown
        {"price_minor": 1},  # least price
        {"price_minor": MAX_MINOR},  # greatest price
        {"observed_at": KEEPA_EPOCH},  # Keepa's first minute
        {"observed_at": CHECKED_AT + CLOCK_TOLERANCE},  # Keepa's clock ahead
        {"asin": "0123456789"},  # a book's ASIN
    ]
    assert reasons(check(records_of(*edges))) == []


def test_every_locale_and_price_type_is_known() -> None:
    changes = [
        {
            "domain": locale.domain,
            "currency": locale.currency,
            "price_type": price_type.name,
            "shipping_minor": 0 if price_type.has_shipping else None,
        }
        for locale in LOCALES
        for price_type in PRICE_TYPES
        if price_type.is_price
    ]
    verdict = check(records_of(*changes))
    assert (verdict.checked, reasons(verdict)) == (len(changes), [])


def test_all_nulls_fail_every_part_of_the_identity_and_nothing_else() -> None:
    nothing = dict.fromkeys(COLUMNS)
    verdict = check(records_of(nothing))
    assert [(f.expectation, f.column) for f in verdict.failures] == [
        (NOT_NULL, column) for column in ("asin", "currency", "domain", "observed_at", "price_type")
    ]


def test_a_batch_without_one_offer_is_good() -> None:
    offerless = {"price_minor": None, "shipping_minor": None}
    assert check(records_of(offerless, offerless)).failed_rows == ()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_any_resolution_of_time_is_evaluated(unit: str) -> None:
    records = records_of({}, {"observed_at": CHECKED_AT + timedelta(days=1)})
    records["observed_at"] = records["observed_at"].dt.as_unit(unit)
    assert check(records).failed_rows == (1,)


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_any_kind_of_text_column_is_evaluated(dtype: str) -> None:
    records = records_of({}, {"asin": "short"}, {"domain": "nl"}, {"currency": "EUR"})
    texts = ["asin", "domain", "currency", "price_type"]
    assert check(records.astype(dict.fromkeys(texts, dtype))).failed_rows == (1, 2, 3)


def test_plain_integers_are_evaluated_like_nullable_ones() -> None:
    records = records_of({}, {"price_minor": 0})
    assert check(records.astype({"price_minor": "int64"})).failed_rows == (1,)


def test_rows_are_positions_and_the_records_are_left_as_they_were() -> None:
    records = records_of({}, {"price_minor": 0}, {}).assign(source="simulator", extra=[1, 2, 3])
    records.index = pd.Index([40, 40, 7])
    before = records.copy(deep=True)
    verdict = check(records)
    assert verdict.failed_rows == (1,)
    pd.testing.assert_frame_equal(records, before)
    assert list(records[verdict.good_rows]["extra"]) == [1, 3]


def test_a_mixture_of_ten_thousand_rows_is_evaluated_whole() -> None:
    bad: list[dict[str, Any]] = [{"price_minor": 0}, {"domain": "nl"}, {"currency": "JPY"}]
    records = records_of(*(bad[n % 3] if n % 2 else {} for n in range(10_000)))
    verdict = check(records)
    assert verdict.failed_rows == tuple(range(1, 10_000, 2))
    assert len(verdict.failures) == 5_000


def test_a_column_no_expectation_can_evaluate_is_an_error_not_a_pass() -> None:
    records = records_of({}, {}).astype({"price_minor": "object"})
    records.loc[1, "price_minor"] = "19.99"
    with pytest.raises(ExpectationError, match=r"between\(price_minor\) could not be evaluated"):
        check(records)


def test_naive_times_are_an_error_not_a_pass() -> None:
    records = records_of({})
    records["observed_at"] = records["observed_at"].dt.tz_localize(None)
    with pytest.raises(ExpectationError, match=r"between\(observed_at\) could not be evaluated"):
        check(records)


def test_an_expectation_on_a_column_that_is_not_there_is_a_terminal_error() -> None:
    suite = Suite("broken", ({"type": NOT_NULL, "kwargs": {"column": "absent"}},))
    with pytest.raises(TerminalError, match=r"broken: .*\(absent\) could not be .*does not exist"):
        run_suite(suite, records_of({}), parameters={}, name="n", run_time=CHECKED_AT)


def test_a_failure_that_names_no_row_is_an_error_not_a_pass() -> None:
    suite = Suite(
        "tables",
        (
            {
                "type": "expect_column_mean_to_be_between",
                "kwargs": {"column": "price_minor", "min_value": 5_000},
            },
        ),
    )
    with pytest.raises(ExpectationError, match="without naming the rows"):
        run_suite(suite, records_of({}), parameters={}, name="n", run_time=CHECKED_AT)


def test_data_docs_are_kept_when_asked_for(tmp_path: Path) -> None:
    docs_dir = tmp_path / "docs"
    verdict = check(records_of({}, {"price_minor": 0}), docs_dir=docs_dir)
    assert verdict.docs == docs_dir / "index.html"
    assert verdict.docs.is_file()
    (page,) = docs_dir.glob("validations/**/*.html")
    text = page.read_text(encoding="utf-8")
    assert "run__batch_0" in text
    assert "price_minor" in text
    assert sum(file.stat().st_size for file in docs_dir.rglob("*") if file.is_file()) < 500_000


def test_no_data_docs_are_written_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(records_of({})).docs is None
    assert list(tmp_path.iterdir()) == []


def test_each_folder_holds_its_own_check_only(tmp_path: Path) -> None:
    check(records_of({}), docs_dir=tmp_path / "0")
    check(records_of({}), docs_dir=tmp_path / "1")
    assert len(list((tmp_path / "1").glob("validations/**/*.html"))) == 1


def test_a_check_leaves_no_thread_and_no_chatter(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # Tests before this one, of S3 say, may have left threads of their libraries.
    before = set(threading.enumerate())
    with caplog.at_level(logging.INFO):
        check(records_of({}, {"price_minor": 0}))
    assert set(threading.enumerate()) == before
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_the_first_import_is_silent_and_its_analytics_are_off() -> None:
    quiet = (
        "import logging; logging.basicConfig(level=logging.INFO)\n"
        "from keeper.checks.validation import load_great_expectations\n"
        "load_great_expectations()\n"
        "import os; assert os.environ['GX_ANALYTICS_ENABLED'] == 'false'\n"
    )
    done = subprocess.run([sys.executable, "-c", quiet], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_every_expectation_of_the_suite_gives_a_reason() -> None:
    assert all(expectation["meta"]["notes"] for expectation in SUITE.expectations)
