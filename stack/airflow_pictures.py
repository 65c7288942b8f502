"""Pictures of Airflow's pages: a DAG's grid, an asset's origin, the form of a run, Keeper's tab."""

from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize

from stack.airflow import ADMIN
from stack.context import Stack
from stack.ports import HOST

_DESK: Final[ViewportSize] = {"width": 1400, "height": 800}
_TALL: Final[ViewportSize] = {"width": 1400, "height": 1100}
_DAG: Final = "track_prices"
_ASSET: Final = "price_history"


def airflow_pictures(browser: Browser, stack: Stack) -> dict[str, bytes]:
    """Return the pictures by file name; needs a stack on which the DAG has run."""
    airflow = f"http://{HOST}:{stack.ports.airflow}"
    page = browser.new_page(viewport=_DESK, color_scheme="light")
    page.goto(f"{airflow}/auth/login/?next={airflow}/dags/{_DAG}")
    page.get_by_label("username").fill(ADMIN)
    page.get_by_label("password").fill(stack.credentials.airflow_admin)
    page.get_by_role("button", name="Sign in").click()
    return {
        "airflow-grid.png": _grid(page),
        "airflow-trigger-form.png": _trigger_form(page),
        "airflow-asset-graph.png": _asset_graph(page, airflow),
        "airflow-keeper.png": _keepers_tab(page, airflow),
    }


def _grid(page: Page) -> bytes:
    page.get_by_text("summarise").first.wait_for()
    return _still(page)


def _trigger_form(page: Page) -> bytes:
    page.set_viewport_size(_TALL)
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_text("Dry run").first.wait_for()
    return _still(page)


def _asset_graph(page: Page, airflow: str) -> bytes:
    page.goto(f"{airflow}/assets")
    page.get_by_role("link", name=_ASSET, exact=True).first.click()
    page.locator(".react-flow__node", has_text=_ASSET).first.wait_for()
    return _still(page)


def _keepers_tab(page: Page, airflow: str) -> bytes:
    page.set_viewport_size(_DESK)
    page.goto(f"{airflow}/dags/{_DAG}/plugin/keeper-runs")
    # Its events never end, so that the network is never idle.
    page.frame_locator("iframe").get_by_role("link", name=_DAG).first.wait_for()
    return page.screenshot(animations="disabled")


def _still(page: Page) -> bytes:
    page.wait_for_load_state("networkidle")
    return page.screenshot(animations="disabled", full_page=True)
