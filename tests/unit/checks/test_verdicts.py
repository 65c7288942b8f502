import numpy as np
import pandas as pd

from keeper.checks.verdicts import Failure, Verdict

NULL_ASIN = Failure(3, "expect_column_values_to_not_be_null", "asin", None)
ZERO_PRICE = Failure(1, "expect_column_values_to_be_between", "price_minor", "0")
FREE_TEXT = Failure(3, "expect_column_values_to_be_in_set", "domain", "moon")


def test_a_row_with_two_failures_is_one_failed_row() -> None:
    verdict = Verdict(5, (ZERO_PRICE, NULL_ASIN, FREE_TEXT))
    assert verdict.failed_rows == (1, 3)


def test_good_rows_select_by_position_whatever_the_index() -> None:
    verdict = Verdict(5, (ZERO_PRICE, NULL_ASIN))
    records = pd.DataFrame({"asin": list("abcde")}, index=[9, 9, 7, 7, 0])
    assert list(records[verdict.good_rows]["asin"]) == ["a", "c", "e"]


def test_every_row_is_good_without_failures() -> None:
    np.testing.assert_array_equal(Verdict(3).good_rows, [True, True, True])


def test_an_empty_batch_has_neither_good_nor_failed_rows() -> None:
    assert Verdict(0).failed_rows == ()
    assert Verdict(0).good_rows.shape == (0,)


def test_failures_are_counted_by_expectation_most_frequent_first() -> None:
    again = Failure(4, ZERO_PRICE.expectation, ZERO_PRICE.column, "-5")
    assert list(Verdict(5, (NULL_ASIN, ZERO_PRICE, again)).failed_by_expectation.items()) == [
        ("expect_column_values_to_be_between(price_minor)", 2),
        ("expect_column_values_to_not_be_null(asin)", 1),
    ]
