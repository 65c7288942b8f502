"""Cursors lead where they were made for, and nowhere else."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.console.paging import read_cursor, write_cursor
from keeper.console.problems import ProblemError

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(TEXTS, st.integers(0, 2**63 - 1))
def test_a_cursor_is_read_back(key: str, number: int) -> None:
    assert read_cursor(write_cursor("title", key, number), "title") == (key, number)


def test_the_first_page_has_none() -> None:
    assert read_cursor(None, "title") is None
    assert read_cursor("", "title") is None


def encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "A",
        "____",
        encoded([]),
        encoded({}),
        encoded(["asin", "B", 1]),
        encoded(["title", "B", "1"]),
        encoded(["title", "B", True]),
        encoded(["title", "B", -1]),
        encoded(["title", "B", 2**63]),
        encoded(["title", "B", 1.5]),
        encoded(["title", None, 1]),
        encoded(["title", "\0", 1]),
        encoded(["title", "\ud800", 1]),
        encoded("[" * 5000),
        "W1tb" * 20000,
    ],
)
def test_what_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(ProblemError):
        read_cursor(cursor, "title")
