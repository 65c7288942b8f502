"""Takes the pictures in docs/pictures of a running stack, with Debian's Chromium."""

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from rich.console import Console

from keeper.alerts.channels.telegram import telegram_text
from keeper.alerts.compose import alert_message
from keeper.pipeline.messages.price_verdicts import price_context_of
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.messages.outbox import latest_alert
from stack.airflow_pictures import airflow_pictures
from stack.context import Stack
from stack.environment import database_url
from stack.errors import StackError
from stack.ports import HOST
from stack.report_picture import deal_report_page, take_page

_PHONE: Final[ViewportSize] = {"width": 375, "height": 720}
# The first three keep Chromium from calling home; a container's root needs the last.
FLAGS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--no-first-run",
)


def take_pictures(stack: Stack, folder: Path, console: Console) -> None:
    """Write Airflow's pages, an alert by mail and Telegram, and a deal report to `folder`.

    Needs a stack on which the demo has run; a report is made if there is none.

    Raises:
        StackError: There is no Chromium, or nothing to take a picture of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mail, report = _newest_alert(stack), deal_report_page(stack, console)
    with _chromium() as browser:
        pictures = {
            **airflow_pictures(browser, stack),
            "alert-mail.png": _alert_mail(browser, mail),
            "alert-telegram.png": _alert_in_telegram(browser, stack),
            "deal-report.png": take_page(browser, report, _PHONE["width"]),
        }
    for name, picture in pictures.items():
        (folder / name).write_bytes(picture)
        console.print(f"{folder / name}", highlight=False)


@contextmanager
def _chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        raise StackError("There is no Chromium; on Debian: apt-get install chromium")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def _alert_mail(browser: Browser, address: str) -> bytes:
    page = browser.new_page(viewport=_PHONE, device_scale_factor=2)
    page.goto(address)
    return _still(page)


def _alert_in_telegram(browser: Browser, stack: Stack) -> bytes:
    """Show the newest alert's caption and chart, as Telegram reads its own HTML."""
    with session(PostgresConfig(database_url(stack))) as connection:
        queued = latest_alert(connection)
        if queued is None:
            raise StackError("No alert has been raised yet; raise one with: make demo")
        message = alert_message(queued, price_context_of(connection, queued.alert))
    chart = message.sections[0].chart
    picture = ""
    if chart is not None:
        data = base64.b64encode(chart.png).decode("ascii")
        picture = f'<img src="data:image/png;base64,{data}" alt="" style="width:100%">'
    text = telegram_text(message).replace("\n", "<br>")
    page = browser.new_page(viewport=_PHONE, device_scale_factor=2)
    page.set_content(
        '<meta charset="utf-8"><body style="margin:0;padding:16px;background:#8fb08c;'
        'font:15px/1.4 Roboto,Helvetica,Arial,sans-serif"><div style="background:#fff;'
        'border-radius:12px;overflow:hidden;max-width:340px">'
        f'{picture}<div style="padding:8px 12px 12px">{text}</div></div></body>'
    )
    return _still(page)


def _still(page: Page) -> bytes:
    page.wait_for_load_state("networkidle")
    return page.screenshot(animations="disabled", full_page=True)


def _newest_alert(stack: Stack) -> str:
    mails = f"http://{HOST}:{stack.ports.mail_web}"
    try:
        messages = httpx.get(f"{mails}/messages", timeout=10, trust_env=False).json()
    except httpx.HTTPError:
        raise StackError("The stack does not run; start it with: make demo") from None
    alerts = [one["id"] for one in messages if "x-keeper-alerts" in one["headers"]]
    if not alerts:
        raise StackError("No alert has arrived yet; raise one with: make demo")
    return f"{mails}/message/{alerts[0]}/html"
