"""A pytest plugin that says what a suite's time was spent on: `pytest -p tests.durations`.

It prints the ten slowest steps (the set-up, call or tear-down of a test) and writes the fifty
slowest to the file of `--slowest-to`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

_WRITTEN: Final = 50
_PRINTED: Final = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slowest-to", type=Path, metavar="FILE", help="where the slowest steps are written"
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    reports = (
        report
        for category in terminalreporter.stats.values()
        for report in category
        if isinstance(report, pytest.TestReport)
    )
    lines = slowest(reports)
    if file := config.getoption("--slowest-to"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    terminalreporter.section("slowest steps")
    for line in lines[:_PRINTED]:
        terminalreporter.write_line(line)


def slowest(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Return a line for each of the slowest steps, the slowest first."""
    chosen = sorted(reports, key=lambda report: report.duration, reverse=True)[:_WRITTEN]
    return [f"{report.duration:8.2f} s  {report.when:<8}  {report.nodeid}" for report in chosen]
