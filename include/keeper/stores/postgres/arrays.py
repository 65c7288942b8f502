"""Long arrays as statements' parameters."""

from collections.abc import Iterable
from datetime import datetime


def array_of(values: Iterable[int | bool | str | datetime | None]) -> str:
    """Return values as a PostgreSQL array literal, to be cast by the statement.

    Ten times as quick as psycopg's own adaptation of a list. Texts are quoted as they are: for
    ASINs, domains and other codes, which hold neither quotes nor backslashes.
    """
    return "{" + ",".join(_element(value) for value in values) + "}"


def _element(value: int | bool | str | datetime | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str | datetime):
        return f'"{value}"'
    return str(value)
