"""People who use the pages in a browser: a window, what it complains of, and what axe finds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from keeper.console.pages.web_app import web_app_routes
from stack.layout import REPOSITORY, Layout
from stack.pages import build_pages
from tests.console_server import Clock, Console

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

PHONE: Final = {"width": 375, "height": 812}
DESK: Final = {"width": 1280, "height": 900}
_AXE: Final = REPOSITORY / "web" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass
class Visit:
    """A window of somebody who has signed in.

    Attributes:
        page: The window.
        url: The pages' address, with a slash at its end.
        troubles: What the browser complained of: errors, refused policies, failed requests.
        expected: Texts of complaints that a test brings about.
    """

    page: "Page"
    url: str
    troubles: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def open(self, path: str = "") -> "Page":
        """Open a page by its address."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def has_no_trouble(self) -> None:
        """Fail if the browser has complained."""
        left = [one for one in self.troubles if not any(text in one for text in self.expected)]
        assert not left, left

    def is_accessible(self) -> None:
        """Fail for anything axe finds in what is shown."""
        if not self.page.evaluate("() => 'axe' in window"):
            # The pages' policy allows no script by hand; the debugger's way is not asked.
            self.page.evaluate(_AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("() => axe.run()")
        assert not found["violations"], [
            (one["id"], [node["html"][:160] for node in one["nodes"]])
            for one in found["violations"]
        ]


@pytest.fixture(scope="session")
def pages_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages."""
    layout = Layout(tmp_path_factory.mktemp("pages"))
    build_pages(layout)
    return layout.pages


@pytest.fixture
def pages_console(make_running: Callable[..., Console], pages_dir: Path) -> Console:
    """A console with its pages, on the browser's clock."""
    now = Clock(datetime.now(UTC))
    return make_running(clock=now, pages=web_app_routes(pages_dir))


@pytest.fixture
def visit(browser: "Browser", pages_dir: Path) -> Iterator[Callable[..., Visit]]:
    """Opens windows; at the end fails if one has complained."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def begin(console: Console, email: str | None, **options: Any) -> Visit:
        context = browser.new_context(
            viewport=options.pop("viewport", DESK),
            locale=options.pop("locale", "en-GB"),
            timezone_id="Europe/Berlin",
            **options,
        )
        contexts.append(context)
        # Pictures of products are the only thing from elsewhere, and tests ask nobody.
        context.route("https://*/**", lambda route: route.fulfill(status=204))
        page = context.new_page()
        one = Visit(page, f"{console.url}/app/")
        page.on("console", partial(_keep_error, one.troubles))
        page.on("pageerror", lambda error: one.troubles.append(str(error)))
        if email is not None:
            page.goto(f"{console.url}{console.link(email)}")
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("link", name="Go on to Keeper").wait_for()
        visits.append(one)
        return one

    yield begin
    for context in contexts:
        context.close()
    for one in visits:
        one.has_no_trouble()


def _keep_error(troubles: list[str], message: "ConsoleMessage") -> None:
    if message.type == "error":
        troubles.append(message.text)


@contextmanager
def offline(visit: Visit) -> Iterator[None]:
    """Take a window off the network for the block."""
    visit.page.context.set_offline(True)
    try:
        yield
    finally:
        visit.page.context.set_offline(False)
