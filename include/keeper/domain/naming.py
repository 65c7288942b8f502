"""Naming things in a sentence."""

from collections.abc import Sequence


def some_of(names: Sequence[str], most: int = 3) -> str:
    """Return the first few names, with "…" for the rest: "NEW, USED, …"."""
    return ", ".join([*names[:most], *(["…"] if len(names) > most else [])])
