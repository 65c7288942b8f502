"""The page at /docs, in a real browser that reaches this machine alone."""

import httpx
from playwright.sync_api import Browser

from tests.console_server import Console


def test_the_page_lists_the_operations_and_asks_no_other_host(
    console: Console, browser: Browser
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto(f"{console.url}/docs")
    page.locator("#operations-watches-watches-list, .opblock").first.wait_for()

    assert page.locator(".opblock").count() > 10
    assert errors == []
    assert all(url.startswith((console.url, "data:")) for url in asked), asked


def test_it_gives_its_own_files_alone(console: Console) -> None:
    assert httpx.get(f"{console.url}/docs/redoc.standalone.js", trust_env=False).status_code == 404
    assert httpx.get(f"{console.url}/docs/..%2Fcore.py", trust_env=False).status_code == 404
