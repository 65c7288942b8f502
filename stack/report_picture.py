"""The newest deal report as a phone's mail shows it; one is made if there is none."""

import base64
import time
from datetime import UTC, datetime
from typing import Final

from playwright.sync_api import Browser
from rich.console import Console

from keeper.alerts.message import Message
from keeper.alerts.reports import report_message
from keeper.alerts.texts import as_page
from keeper.domain.messages.queue import QueuedReport
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.messages.outbox import latest_report
from stack.airflow_api import AirflowApi
from stack.context import Stack
from stack.environment import database_url
from stack.errors import StackError
from stack.product import keeper_output

_SEARCHES: Final = (
    ("everyday bargains", ("--drop-percent", "10", "--over", "90-days", "--price-max", "50.00")),
    ("big drops", ("--drop-percent", "30", "--over", "90-days", "--price-min", "50.00")),
)
_DAGS: Final = ("collect_deals", "report_deals")
_RUN_TIMEOUT_S: Final = 600


def deal_report_page(stack: Stack, console: Console) -> str:
    """Return the newest report as a page with its charts in it.

    Raises:
        StackError: There is none and none could be made.
    """
    queued = _latest(stack)
    if queued is None:
        for name, words in _SEARCHES:
            keeper_output(stack, "deals", "filter", "add", name, *words)
        with AirflowApi.of(stack) as api:
            for dag_id in _DAGS:
                console.print(f"running {dag_id}, for there is no report yet")
                _run(api, dag_id)
        queued = _latest(stack)
    if queued is None:
        raise StackError("No deals were found, so there is no report to take a picture of.")
    return _page(report_message(queued))


def take_page(browser: Browser, html: str, width: int) -> bytes:
    """Return a picture of a page as high as a phone's screen is, twice as fine."""
    page = browser.new_page(viewport={"width": width, "height": 1600}, device_scale_factor=2)
    page.set_content(html, wait_until="networkidle")
    return page.screenshot(animations="disabled")


def _latest(stack: Stack) -> QueuedReport | None:
    with session(PostgresConfig(database_url(stack))) as connection:
        return latest_report(connection)


def _run(api: AirflowApi, dag_id: str) -> None:
    run_id = f"pictures__{datetime.now(UTC):%Y%m%dT%H%M%S}"
    api.unpause(dag_id)
    api.trigger(dag_id, run_id, None)
    deadline = time.monotonic() + _RUN_TIMEOUT_S
    while (state := api.run_state(dag_id, run_id)) not in {"success", "failed"}:
        if time.monotonic() > deadline:
            raise StackError(f"The run {run_id} of {dag_id} has not ended; see `make urls`.")
        time.sleep(1)  # between two looks at Airflow, which announces no run's end
    if state == "failed":
        raise StackError(f"The run {run_id} of {dag_id} failed; see it in Airflow: `make urls`.")


def _page(message: Message) -> str:
    names = [f"chart-{number}" for number in range(len(message.sections))]
    html = as_page(message, names)
    for name, section in zip(names, message.sections, strict=True):
        if section.chart is not None:
            data = base64.b64encode(section.chart.png).decode("ascii")
            html = html.replace(f'"cid:{name}"', f'"data:image/png;base64,{data}"')
    return html
