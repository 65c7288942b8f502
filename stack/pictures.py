"""Takes the pictures in docs/pictures of a running stack, with Debian's Chromium."""

import base64
from pathlib import Path
from typing import Final

import httpx
from playwright.sync_api import Browser, Page, ViewportSize
from rich.console import Console

from keeper.alerts.channels.telegram import telegram_text
from keeper.alerts.compose import alert_message
from keeper.domain.messages.queue import QueuedAlert
from keeper.pipeline.messages.price_verdicts import price_context_of
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.messages.outbox import read_messages
from stack.airflow_pictures import airflow_pictures
from stack.chromium import chromium
from stack.context import Stack
from stack.environment import database_url
from stack.errors import StackError
from stack.page_pictures import page_pictures
from stack.ports import HOST
from stack.report_picture import deal_report_page, take_page

_PHONE: Final[ViewportSize] = {"width": 375, "height": 720}


def take_pictures(stack: Stack, folder: Path, console: Console) -> None:
    """Write Keeper's and Airflow's pages, an alert as it arrives and a deal report to `folder`.

    Needs a stack on which the demo has run; a report is made if there is none.

    Raises:
        StackError: There is no Chromium, or nothing to take a picture of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    message_id, alert_id = _plainest_alert(stack)
    mail, report = _mail_of(stack, alert_id), deal_report_page(stack, console)
    with chromium() as browser:
        pictures = {
            **page_pictures(browser, stack),
            **airflow_pictures(browser, stack),
            "alert-mail.png": _alert_mail(browser, mail),
            "alert-telegram.png": _alert_in_telegram(browser, stack, message_id),
            "deal-report.png": take_page(browser, report, _PHONE["width"]),
        }
    for name, picture in pictures.items():
        (folder / name).write_bytes(picture)
        console.print(f"{folder / name}", highlight=False)


def _alert_mail(browser: Browser, address: str) -> bytes:
    page = browser.new_page(viewport=_PHONE, device_scale_factor=2)
    page.goto(address)
    return _still(page)


def _alert_in_telegram(browser: Browser, stack: Stack, message_id: int) -> bytes:
    """Show an alert's caption and chart, as Telegram reads its own HTML."""
    with session(PostgresConfig(database_url(stack))) as connection:
        (queued,) = read_messages(connection, [message_id])
        if not isinstance(queued, QueuedAlert):
            raise TypeError(f"message {message_id} is no alert")
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


def _plainest_alert(stack: Stack) -> tuple[int, int]:
    """Return the message and the alert that lies furthest below its target, of a new product.

    Who sees the picture first shall not wonder about a price type, or why Keeper sent it.
    """
    with session(PostgresConfig(database_url(stack))) as connection:
        row = connection.execute(
            "SELECT message_id, alert_id FROM price_alerts JOIN outbox USING (alert_id)"
            " WHERE price_alerts.status = 'SENT' AND price_minor IS NOT NULL"
            " ORDER BY price_type = 'NEW' DESC, price_minor / target_minor::float, alert_id LIMIT 1"
        ).fetchone()
    if row is None:
        raise StackError("No alert has arrived yet; raise one with: make demo")
    return row["message_id"], row["alert_id"]


def _mail_of(stack: Stack, alert_id: int) -> str:
    mails = f"http://{HOST}:{stack.ports.mail_web}"
    try:
        messages = httpx.get(f"{mails}/messages", timeout=10, trust_env=False).json()
    except httpx.HTTPError:
        raise StackError("The stack does not run; start it with: make demo") from None
    found = [
        one["id"] for one in messages if one["headers"].get("x-keeper-alerts") == str(alert_id)
    ]
    if not found:
        raise StackError(
            "The alert's mail is not in the mail catcher; take pictures after: make demo"
        )
    return f"{mails}/message/{found[0]}/html"
