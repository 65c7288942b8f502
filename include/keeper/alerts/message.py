"""What an alert says, the same facts in plain text and in HTML."""

import unicodedata
from dataclasses import dataclass
from html import escape

from keeper.domain.alerts import PriceAlert
from keeper.domain.asins import product_url
from keeper.domain.locales import locale_of
from keeper.domain.money import format_money

_TITLE_LENGTH = 120


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A message ready for a channel."""

    subject: str
    text: str
    html: str


def compose(alert: PriceAlert) -> AlertMessage:
    """Write the message of an alert; a hostile product title comes out inert."""
    locale = locale_of(alert.domain)
    title = _inert(alert.title) or alert.asin
    price = format_money(alert.price_minor, alert.currency)
    url = product_url(alert.asin, locale)
    facts = list(_facts(alert))
    notice = (
        "SIMULATED PRICE: this came from Keeper's Keepa simulator, not from Amazon."
        if alert.source == "simulator"
        else ""
    )
    simulated = "[simulated] " if notice else ""
    lines = [title, "", *(f"{name}: {value}" for name, value in facts), "", url]
    text = "\n".join([notice, "", *lines] if notice else lines) + "\n"
    rows = "".join(
        f'<tr><td style="padding:4px 16px 4px 0;color:#57606a">{escape(name)}</td>'
        f'<td style="padding:4px 0;font-weight:600">{escape(value)}</td></tr>'
        for name, value in facts
    )
    banner = (
        f'<p style="margin:0 0 16px;padding:8px 12px;background:#fff3cd;color:#664d03">'
        f"{escape(notice)}</p>"
        if notice
        else ""
    )
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"></head>'
        '<body style="margin:0;background:#f6f8fa"><div style="max-width:560px;margin:0 auto;'
        "padding:24px 16px;background:#fff;color:#1f2328;"
        'font:16px/1.5 -apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif">'
        f'{banner}<p style="margin:0;color:#1a7f37;font-size:14px;font-weight:600">'
        f"Price alert: {escape(alert.reason)}</p>"
        f'<h1 style="margin:4px 0 0;font-size:20px;overflow-wrap:anywhere">{escape(title)}</h1>'
        f'<p style="margin:8px 0 16px;font-size:32px;font-weight:700">{escape(price)}</p>'
        f'<table style="border-collapse:collapse;font-size:14px">{rows}</table>'
        f'<p style="margin:24px 0 0"><a href="{escape(url)}" style="display:inline-block;'
        "padding:12px 20px;border-radius:6px;background:#0969da;color:#fff;"
        f'text-decoration:none;font-weight:600">Open on {escape(locale.host)}</a></p>'
        "</div></body></html>"
    )
    return AlertMessage(f"{simulated}{price}: {title[:_TITLE_LENGTH]}", text, html)


def _facts(alert: PriceAlert) -> list[tuple[str, str]]:
    price = format_money(alert.price_minor, alert.currency)
    facts = [("Price now", price)]
    if alert.has_newer_price:
        newest = alert.newest_price_minor
        now = "no offer" if newest is None else format_money(newest, alert.currency)
        facts = [("Price then", price), ("Price now", now)]
    if alert.shipping_minor is not None:
        shipping = alert.shipping_minor
        facts.append(("Shipping", format_money(shipping, alert.currency) if shipping else "free"))
    if alert.previous_price_minor is not None:
        facts.append(("Price before", format_money(alert.previous_price_minor, alert.currency)))
    facts += [
        ("Your target", format_money(alert.target_minor, alert.currency)),
        ("Price type", alert.price_type),
        ("Amazon site", locale_of(alert.domain).host),
        ("ASIN", alert.asin),
        ("Price since", f"{alert.observed_at:%Y-%m-%d %H:%M} UTC"),
        ("Checked at", f"{alert.checked_at:%Y-%m-%d %H:%M} UTC"),
    ]
    return facts


def _inert(title: str | None) -> str:
    """Return a title on one line without control, format and line-separating characters."""
    if not title:
        return ""
    kept = (
        character if unicodedata.category(character)[0] not in "CZ" else " " for character in title
    )
    return " ".join("".join(kept).split())[:500]
