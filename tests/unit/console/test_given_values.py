"""What the API's requests may hold, beyond what a type says."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from keeper.console.api.shapes import STORABLE, GivenMoment
from tests.hostile_values import FIRST_MOMENT, LAST_MOMENT

MOMENT: TypeAdapter[datetime] = TypeAdapter(GivenMoment)
OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(Annotated[dict[str, Any], STORABLE])


@given(
    st.datetimes(timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))))
)
def test_a_moment_is_read_in_utc_or_refused_where_utc_has_no_such_year(moment: datetime) -> None:
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        with pytest.raises(ValidationError, match="outside the years 1 to 9999"):
            MOMENT.validate_python(moment.isoformat())
    else:
        found = MOMENT.validate_python(moment.isoformat())
        assert (found, found.tzinfo) == (expected, UTC)


@pytest.mark.parametrize("text", [FIRST_MOMENT, LAST_MOMENT])
def test_the_first_and_the_last_moment_of_all_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="outside the years 1 to 9999"):
        MOMENT.validate_python(text)


@pytest.mark.parametrize(
    "text",
    [
        r'{"a": "x\u0000"}',
        r'{"a": [{"\u0000": 1}]}',
        r'{"a": "\\\u0000"}',
        r'{"a": "\ud800"}',
        r'{"a": {"\ud800": 1}}',
        '{"a": NaN}',
        '{"a": [1e400]}',
    ],
)
def test_an_object_holds_nothing_that_no_database_takes(text: str) -> None:
    with pytest.raises(ValidationError):
        OBJECT.validate_python(json.loads(text))


@pytest.mark.parametrize("levels", [256, 100_000])
def test_an_object_is_no_deeper_than_can_be_written(levels: int) -> None:
    deep: dict[str, Any] = {}
    for _ in range(levels):
        deep = {"a": [deep]}
    with pytest.raises(ValidationError, match="too many lists in lists"):
        OBJECT.validate_python(deep)


@pytest.mark.parametrize("text", [r'{"a": "\\u0000"}', r'{"a": ["ü", 1.5, null, true]}', "{}"])
def test_an_object_stays_as_it_is(text: str) -> None:
    assert OBJECT.validate_python(json.loads(text)) == json.loads(text)
