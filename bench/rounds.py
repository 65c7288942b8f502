"""Times functions side by side, so that a machine's noise hits all of them."""

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median


def seconds(function: Callable[[], object]) -> float:
    """Time one call, garbage of earlier ones not counted; the result is dropped after the clock."""
    gc.collect()
    started = time.perf_counter()
    result = function()
    ended = time.perf_counter()
    del result
    return ended - started


def alternate(sides: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time each side once a round, every other round backwards, after one that does not count.

    Returns:
        The seconds by side, in the order of the rounds.
    """
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(-1, rounds):
        for name in reversed(list(sides)) if number % 2 else sides:
            spent = seconds(sides[name])
            if number >= 0:
                taken[name].append(spent)
    return taken


def median_ratio(slow: list[float], fast: list[float]) -> float:
    """Return how many times quicker the second side is: the median of the rounds' ratios."""
    return median(one / other for one, other in zip(slow, fast, strict=True))
