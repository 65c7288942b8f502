"""A pytest plugin that writes how each test ended: `pytest -p tests.mutants.outcomes`."""

import json
import os
from pathlib import Path
from typing import Final

import pytest

FILE_VARIABLE: Final = "KEEPER_TEST_OUTCOMES"
"""The environment variable that names the file: one JSON list `[node id, outcome]` a line."""


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        with Path(os.environ[FILE_VARIABLE]).open("a", encoding="utf-8") as file:
            file.write(json.dumps([report.nodeid, report.outcome]) + "\n")
