"""The shape of JSON: every path in it and the types found there."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Shape = dict[str, set[str]]

_OWN_KEYS = re.compile(r"\d+|A[0-9A-Z]{11,14}")
"""Keys that are data: category numbers and seller ids."""


def shape_of(documents: Iterable[Any]) -> Shape:
    """Return the types at every path of some documents, such as "stats.avg[]": {"int"}."""
    found: Shape = defaultdict(set)
    for document in documents:
        _walk(document, "", found)
    return found


def _walk(value: Any, path: str, found: Shape) -> None:
    found[path].add(type(value).__name__)
    if isinstance(value, dict):
        for key, inner in value.items():
            name = "*" if _OWN_KEYS.fullmatch(key) else key
            _walk(inner, f"{path}.{name}".lstrip("."), found)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, f"{path}[]", found)
