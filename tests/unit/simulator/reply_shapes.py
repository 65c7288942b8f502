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
    _walk_all(list(documents), "", found)
    return found


def _walk_all(values: list[Any], path: str, found: Shape) -> None:
    # Series hold thousands of plain numbers: their types are taken together.
    kinds = set(map(type, values))
    found[path] |= {kind.__name__ for kind in kinds}
    if kinds.isdisjoint({dict, list}):
        return
    for value in values:
        if isinstance(value, dict):
            for key, inner in value.items():
                name = "*" if _OWN_KEYS.fullmatch(key) else key
                _walk_all([inner], f"{path}.{name}".lstrip("."), found)
        elif isinstance(value, list) and value:
            _walk_all(value, f"{path}[]", found)
