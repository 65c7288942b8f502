"""A pytest plugin: sends what the `keepa` package asks Keepa for to the simulator, and keeps the
outcome of each test.

The package has no setting for its host. Names are exchanged on the way, in the request for the
simulator's and in its JSON for the suite's, so that the suite reads what it asked for.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import requests

NAMES_FILE: Final = "KEEPER_SUITE_NAMES"
URL: Final = "KEEPER_SUITE_URL"
OUTCOMES_FILE: Final = "KEEPER_SUITE_OUTCOMES"
_KEEPA: Final = "https://api.keepa.com"


def pytest_configure(config: pytest.Config) -> None:
    """Put the simulator in Keepa's place for the whole session."""
    names: dict[str, str] = json.loads(Path(os.environ[NAMES_FILE]).read_text("utf-8"))
    suites = {simulated: name for name, simulated in names.items()}
    simulator, ask = os.environ[URL], requests.get

    def get(url: str, params: Mapping[str, Any], **options: Any) -> requests.Response:
        if not url.startswith(_KEEPA):
            raise ValueError(f"the suite asks {url}, which is not Keepa")
        sent = {name: exchanged(value, names) for name, value in params.items()}
        reply = ask(url.replace(_KEEPA, simulator), sent, **options)
        if reply.headers.get("content-type", "").startswith("application/json"):
            # Set and not encoded anew: requests has no other way to change what it received.
            reply._content = exchanged(reply.text, suites).encode()
        return reply

    patch = pytest.MonkeyPatch()
    patch.setattr(requests, "get", get)
    config.add_cleanup(patch.undo)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write a line of JSON for each test: its name, and why it does not pass, or null."""
    if report.when != "call" and report.passed:
        return
    crash = getattr(report.longrepr, "reprcrash", None)
    reason = None if report.passed else str(getattr(crash, "message", report.longrepr))
    with Path(os.environ[OUTCOMES_FILE]).open("a", encoding="utf-8") as outcomes:
        print(json.dumps([report.location[2], reason]), file=outcomes)


def exchanged(value: Any, names: Mapping[str, str]) -> Any:
    """Return a text with each name in place of the one it stands for; other values as they are."""
    if not isinstance(value, str):
        return value
    for name, other in names.items():
        value = value.replace(name, other)
    return value
