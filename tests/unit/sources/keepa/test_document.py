"""One parser a thread, whose buffers serve document after document."""

import threading

import numpy as np
import pytest

from keeper.sources.keepa.document import (
    JsonObject,
    NotJsonError,
    as_array,
    as_object,
    int64s,
    parse,
)


def parsed(body: bytes) -> JsonObject:
    document = as_object(parse(body))
    assert document is not None
    return document


def test_a_document_still_held_is_not_overwritten_by_the_next() -> None:
    first = parsed(b'{"a": 1}')
    second = parsed(b'{"a": 2}')
    third = parsed(b'{"a": 3}')
    assert [first["a"], second["a"], third["a"]] == [1, 2, 3]


def test_arrays_outlive_their_document() -> None:
    node = as_array(parsed(b'{"a": [1, 2, 3]}')["a"])
    assert node is not None
    numbers = int64s(node)
    del node
    for _ in range(3):
        parsed(b'{"a": [7, 8, 9]}')
    np.testing.assert_array_equal(numbers, [1, 2, 3])


def test_a_broken_document_does_not_spoil_the_next() -> None:
    with pytest.raises(NotJsonError):
        parse(b'{"a": [1, ')
    assert parsed(b'{"a": 4}')["a"] == 4


def test_threads_do_not_share_a_parser() -> None:
    held = parsed(b'{"a": 1}')
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(parsed(b'{"a": 2}')["a"]))
    thread.start()
    thread.join()
    assert (held["a"], seen) == (1, [2])
