"""Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from stack.machine import read_distribution
from stack.preflight import install, install_command

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A browser; without one CI installs it, and elsewhere the test fails and says how.

    For one module at a time: while it is open, an event loop runs in this thread.
    """
    from playwright.sync_api import sync_playwright

    from stack.pictures import FLAGS

    is_root = os.geteuid() == 0
    if shutil.which("chromium") is None:
        is_ours = os.environ.get("CI") == "true" and is_root and read_distribution().is_debian
        assert is_ours, f"there is no Chromium; as root: {install_command(['chromium'])}"
        install(["chromium"], print)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*FLAGS, "--no-sandbox"] if is_root else list(FLAGS),
        )
        yield browser
        browser.close()
