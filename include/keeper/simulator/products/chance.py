"""Chance that is a pure function of time: what a longer look adds never changes what was there.

Each function turns uniform numbers, one for each moment, into a course of events. The n-th result
depends on the first n numbers only; the catalogue's promise never to rewrite history rests on it.
"""

from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


def uniform_rows(name: str, rows: int, columns: int) -> Floats:
    """Draw rows of uniform numbers from the stream called `name`; the first rows never change."""
    key = int.from_bytes(blake2b(name.encode(), digest_size=16).digest())
    return np.random.Generator(np.random.PCG64(key)).random((rows, columns))


def spells(chance: Floats, starting: float, ending: float, *, at_first: bool = False) -> Flags:
    """Return at which moments a state holds that begins and ends by chance.

    Args:
        chance: One uniform number a moment.
        starting: Probability that a moment begins the state.
        ending: Probability that a moment ends it.
        at_first: Whether the state holds before anything happened.
    """
    begins = chance < starting
    changes = begins | (chance >= 1 - ending)
    last = _last_moment(changes)
    return np.where(last < 0, at_first, begins[last])


def held(values: NDArray[Any], renewed: Flags, before: Any) -> NDArray[Any]:
    """Keep each value until the next moment that renews it; `before` stands until the first."""
    last = _last_moment(renewed)
    return np.where(last < 0, before, values[last])


def bounded_walk(stepping: Flags, chance: Floats, step: float, bound: float) -> Floats:
    """Walk at the stepping moments by up to ±`step`, turned back at ±`bound`."""
    course = np.cumsum(np.where(stepping, (2 * chance - 1) * step, 0.0))
    folded = np.mod(course + bound, 4 * bound)
    return np.where(folded < 2 * bound, folded, 4 * bound - folded) - bound


def _last_moment(happened: Flags) -> Ints:
    """For each moment, when it happened last; −1 if it has not yet."""
    moments = np.where(happened, np.arange(len(happened)), -1)
    return np.maximum.accumulate(moments)
