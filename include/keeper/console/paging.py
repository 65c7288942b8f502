"""Lists page by page: each page says with an opaque cursor where the next one begins."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

from fastapi import Query

from keeper.console.problems import BAD_CURSOR, ProblemError
from keeper.stores.postgres.connection import Connection

MOST: Final = 500
_LARGEST: Final = 2**63 - 1
NEWEST: Final = "-id"
OLDEST: Final = "id"
_T = TypeVar("_T")

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
Cursor = Annotated[
    str | None,
    Query(
        # A title may be its key.
        max_length=20_000,
        pattern="^[A-Za-z0-9_-]*$",
        description="next_cursor of the page before; the first page has none.",
    ),
]

WithTotal = Annotated[bool, Query(description="Whether to count how many there are in all.")]
TOTAL: Final = "How many there are in all, if asked for; 10001 says more than 10,000."
"""What a page says of its total, which a list counts no further than that."""


def with_total(
    page: Callable[[Connection], _T], count: Callable[[Connection], int], *, is_asked: bool
) -> Callable[[Connection], tuple[_T, int | None]]:
    """Return the work that reads a page and, if it is asked for, counts its whole list."""

    def read(connection: Connection) -> tuple[_T, int | None]:
        return page(connection), count(connection) if is_asked else None

    return read


def write_cursor(order: str, key: str, number: int) -> str:
    """Return a cursor that names the last row of a page.

    Args:
        order: What the page is sorted by; the cursor is good for that alone.
        key: The row's place in the order.
        number: Its number, for rows with the same key.
    """
    text = json.dumps([order, key, number], ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, order: str) -> tuple[str, int] | None:
    """Return key and number of the row a page begins after; None for the first page.

    Raises:
        ProblemError: It is no cursor of a list in this order.
    """
    if not cursor:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        written, key, number = json.loads(text)
        # Escapes can stand for halves of characters, which no database takes.
        str(key).encode()
    except (ValueError, TypeError, RecursionError):
        raise ProblemError(BAD_CURSOR) from None
    is_whole = (
        written == order
        and isinstance(key, str)
        and "\0" not in key
        and type(number) is int
        and 0 <= number <= _LARGEST
    )
    if not is_whole:
        raise ProblemError(BAD_CURSOR)
    return key, number


def read_number(cursor: str | None, order: str) -> int | None:
    """Return the number a page begins after, in a list sorted by number; None for the first page.

    Raises:
        ProblemError: It is no cursor of a list in this order.
    """
    start = read_cursor(cursor, order)
    return None if start is None else start[1]


def next_page(
    found: Sequence[_T], limit: int, order: str, number: Callable[[_T], int]
) -> str | None:
    """Return where the page after one begins that is sorted by number; None after the last.

    Args:
        found: The page's rows, and one more if there is one.
        limit: How many the page has at most.
        order: What it is sorted by.
        number: Gives a row's number.
    """
    return write_cursor(order, "", number(found[limit - 1])) if len(found) > limit else None
