"""One parse of a JSON reply, and typed access to what it holds.

simdjson reads a reply without making Python objects of its numbers. It refuses a whole document
for one lone surrogate, invalid UTF-8 byte or oversized integer anywhere in it; such a reply is
whole and paid for, so it is read again with the tolerant standard parser.
"""

import json
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import simdjson

from keeper.domain.prices.points import KEEPA_EPOCH, from_keepa_minutes

LAST_MINUTE: Final = (datetime.max.replace(tzinfo=KEEPA_EPOCH.tzinfo) - KEEPA_EPOCH) // timedelta(
    minutes=1
)
"""Of the calendar, in Keepa's minutes."""
Int64Array = npt.NDArray[np.int64]
JsonObject = simdjson.Object | dict[str, Any]
JsonArray = simdjson.Array | list[Any]
_kept = threading.local()


class NotJsonError(ValueError):
    """The bytes are not one whole JSON document."""


def parse(body: bytes) -> object:
    """Parse a document; objects and arrays in it are simdjson's proxies or plain Python ones.

    Raises:
        NotJsonError: Cut or not JSON; the text says what the parser stumbled over.
    """
    try:
        return _parse_with_simdjson(body)
    except (ValueError, RuntimeError) as error:
        complaint = str(error)
    with suppress(ValueError, RecursionError):
        return json.loads(body.decode("utf-8", "replace"))
    # Not raised while json's error is handled: that one holds the whole body.
    raise NotJsonError(complaint)


def _parse_with_simdjson(body: bytes) -> object:
    # A parser keeps its buffers for the next document, which halves the time: filling new ones
    # page by page takes as long as parsing. It refuses to while anyone still holds the last one.
    if not hasattr(_kept, "parser"):
        _kept.parser = simdjson.Parser()
    try:
        return _kept.parser.parse(body)
    except RuntimeError:
        return simdjson.Parser().parse(body)


def as_object(node: object) -> JsonObject | None:
    """Return `node` if it is a JSON object."""
    return node if isinstance(node, simdjson.Object | dict) else None


def as_array(node: object) -> JsonArray | None:
    """Return `node` if it is a JSON array."""
    return node if isinstance(node, simdjson.Array | list) else None


def as_text(node: object) -> str | None:
    """Return `node` if it is a string, without what UTF-8 and PostgreSQL cannot carry."""
    if not isinstance(node, str):
        return None
    return node.replace("\0", "").encode("utf-8", "replace").decode()


def as_moment(node: object) -> datetime | None:
    """Return `node` as a time if it is Keepa's minutes above zero and of the calendar."""
    if type(node) is not int or not 0 < node <= LAST_MINUTE:
        return None
    return from_keepa_minutes(node)


def plain_list(array: JsonArray) -> list[Any]:
    """Return an array as Python objects, whatever is nested in it."""
    return array.as_list() if isinstance(array, simdjson.Array) else array


def int64s(array: JsonArray) -> Int64Array:
    """Return an array of integers as a read-only numpy array.

    Raises:
        ValueError: Something in it is not an integer of 64 bits.
    """
    try:
        if isinstance(array, simdjson.Array):
            numbers = np.frombuffer(array.as_buffer(of_type="i"), dtype=np.int64)
        else:
            numbers = np.array([_integer(entry) for entry in array], dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("an entry is not an integer of 64 bits") from None
    # Nested arrays come flattened, which shows in the length.
    if len(numbers) != len(array):
        raise ValueError("an entry is an array")
    numbers.flags.writeable = False
    return numbers


def _integer(entry: object) -> int:
    if type(entry) is not int:
        raise TypeError
    return entry
