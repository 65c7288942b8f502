"""Debian's Chromium, driven by Playwright."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from stack.machine import read_distribution
from stack.preflight import install

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A browser; without one CI installs it, and elsewhere the test fails and says how.

    For one module at a time: while it is open, an event loop runs in this thread.
    """
    from stack.chromium import PACKAGES, chromium, chromium_program

    is_ci = os.environ.get("CI") == "true"
    if chromium_program() is None and is_ci and os.geteuid() == 0 and read_distribution().is_debian:
        install(PACKAGES, print)
    with chromium() as browser:
        yield browser
