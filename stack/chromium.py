"""Chromium without a screen, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from stack.errors import StackError
from stack.preflight import install_command

PACKAGES: Final = ("chromium-headless-shell", "fonts-liberation")
"""Debian's: the browser without windows, and letters for it."""
# The first that is there. A whole Chromium takes three times the processor time to start.
_PROGRAMS: Final = ("chromium-headless-shell", "chromium")
# The first three keep it from calling home; a container's root needs `--no-sandbox` too.
_FLAGS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--no-first-run",
)


def chromium_program() -> str | None:
    """Return the path of the browser to use, or None if there is none."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser for the block; an event loop runs in this thread meanwhile.

    Raises:
        StackError: There is none; with the line that installs it.
    """
    if (program := chromium_program()) is None:
        raise StackError(f"There is no Chromium; on Debian: {install_command(PACKAGES)}")
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(_FLAGS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()
