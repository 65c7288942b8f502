"""The order things start in, and what happens when one fails."""

import threading
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from stack.errors import StackError
from stack.progress import Progress
from stack.startup import run_all

Actions = dict[str, tuple[frozenset[str], Callable[[Progress], str]]]


@pytest.fixture
def shown() -> StringIO:
    return StringIO()


def run(actions: Actions, shown: StringIO) -> list[str]:
    console = Console(file=shown, force_terminal=False, width=120)
    progress = Progress(console, {name: name.title() for name in actions})
    return run_all(actions, progress, threading.Event())


def test_everything_waits_for_its_needs_and_nothing_else(shown: StringIO) -> None:
    both = threading.Barrier(2)
    order: list[str] = []

    def independent(progress: Progress) -> str:
        both.wait()
        return ""

    def dependent(progress: Progress) -> str:
        order.append("database")
        return ""

    def last(progress: Progress) -> str:
        order.append("airflow")
        return ""

    problems = run(
        {
            "airflow": (frozenset({"database"}), last),
            "database": (frozenset({"postgres"}), dependent),
            "postgres": (frozenset(), independent),
            "kafka": (frozenset(), independent),
        },
        shown,
    )

    assert problems == []
    assert order == ["database", "airflow"]


def test_a_failure_stops_what_needs_it_and_only_that(shown: StringIO) -> None:
    def fail(progress: Progress) -> str:
        raise StackError("Kafka does not stay up.\n  | its log")

    problems = run(
        {
            "kafka": (frozenset(), fail),
            "migrate": (frozenset({"kafka"}), lambda _: "done"),
            "worker": (frozenset({"migrate"}), lambda _: "done"),
            "mail": (frozenset(), lambda _: "fine"),
        },
        shown,
    )

    assert problems == ["Kafka does not stay up.\n  | its log"]
    lines = {line.split()[1]: line for line in shown.getvalue().splitlines()}
    assert lines["Kafka"].startswith("✗")
    assert "not started" in lines["Migrate"]
    assert "not started" in lines["Worker"]
    assert lines["Mail"].startswith("✓")


def test_an_unexpected_error_is_said_with_its_step(shown: StringIO) -> None:
    def fail(progress: Progress) -> str:
        raise ValueError("odd")

    assert run({"kafka": (frozenset(), fail)}, shown) == ["kafka: ValueError: odd"]


def test_a_need_that_is_not_part_of_the_start_is_taken_as_met(shown: StringIO) -> None:
    assert run({"kafka": (frozenset({"artifacts"}), lambda _: "")}, shown) == []
