"""The benchmarks there are, and what one gets to run with."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import bench
from bench.local_stack import LocalStack

Values = dict[str, int | float]


class SkippedError(Exception):
    """A benchmark cannot run here; the text says why."""


@dataclass(frozen=True)
class Run:
    """How a benchmark shall run.

    Attributes:
        rounds: How often each side of a comparison runs; medians are of these.
        quick: Only show that it works: one round of something small.
        stack: Services of its own, started when first asked for.
        say: Prints for people what is measured; it is no result.
    """

    rounds: int
    quick: bool
    stack: LocalStack
    say: Callable[[str], None]

    def size(self, full: int, small: int) -> int:
        """Choose between the size to measure and one that only shows that it works."""
        return small if self.quick else full


@dataclass(frozen=True)
class Benchmark:
    name: str
    summary: str
    measure: Callable[[Run], Values]
    fetches: bool = False


_registered: dict[str, Benchmark] = {}


def benchmark(measure: Callable[[Run], Values]) -> Callable[[Run], Values]:
    """Register a benchmark under its function's name; its docstring's first line describes it."""
    return _register(measure, fetches=False)


def peer_benchmark(measure: Callable[[Run], Values]) -> Callable[[Run], Values]:
    """Register a benchmark that fetches other systems first and runs only when asked for."""
    return _register(measure, fetches=True)


def _register(measure: Callable[[Run], Values], *, fetches: bool) -> Callable[[Run], Values]:
    name, summary = measure.__name__, (measure.__doc__ or "").strip().partition("\n")[0]
    if name in _registered:
        raise ValueError(f"there are two benchmarks {name}")
    _registered[name] = Benchmark(name, summary, measure, fetches)
    return measure


def all_benchmarks() -> dict[str, Benchmark]:
    """Import every module of this package and return the benchmarks by name."""
    for module in pkgutil.iter_modules(bench.__path__):
        if module.name != "__main__":
            importlib.import_module(f"bench.{module.name}")
    return dict(sorted(_registered.items()))
