"""What alerts say, one by one and together."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from keeper.alerts.assessment import assessment
from keeper.alerts.chart import price_chart
from keeper.alerts.coupons import listing_facts
from keeper.alerts.formats import moment
from keeper.alerts.links import LinkAction, Links, channel_mark, watch_mark
from keeper.alerts.message import Link, Message, Picture, Press, Section, inert
from keeper.domain.asins import product_url
from keeper.domain.locales import locale_of
from keeper.domain.messages.queue import PriceAlert, Queued, QueuedAlert
from keeper.domain.prices.age import old_look
from keeper.domain.prices.verdict import PriceContext
from keeper.domain.site_money import site_money

OLD_AFTER: Final = timedelta(hours=12)
"""From what age a price is old, unless the caller knows better: two of the usual intervals."""
_SUBJECT_TITLE: Final = 120
_MOST_IN_DIGEST: Final = 25
SIMULATED: Final = "SIMULATED PRICE: this came from Keeper's Keepa simulator, not from Amazon."
MARK: Final = "[simulated] "


def alert_message(
    queued: QueuedAlert,
    context: PriceContext,
    links: Links | None = None,
    *,
    old_after: timedelta = OLD_AFTER,
) -> Message:
    """Write the message of one alert, with a chart; a hostile product title comes out inert.

    Args:
        queued: The alert.
        context: How the price compares with its history.
        links: Makes links to act by; None for a message without them.
        old_after: How old a price may be without the message saying so.
    """
    alert = queued.alert
    title = inert(alert.title) or alert.asin
    simulated = alert.source == "simulator"
    section = Section(
        title=title,
        reason=alert.reason,
        price=_price(alert),
        facts=tuple(_facts(alert, context, queued.rules.time_zone, old_after)),
        link=product_link(alert.asin, alert.domain),
        image_url=showable(alert.image_url),
        chart=_chart(alert, context, queued.rules.time_zone),
    )
    return Message(
        key=f"alert-{alert.alert_id}",
        subject=f"{MARK if simulated else ''}{section.price}: {title[:_SUBJECT_TITLE]}",
        lead=f"Price alert: {alert.reason}",
        sections=(section,),
        made_at=alert.checked_at,
        notice=SIMULATED if simulated else "",
        actions=_actions(alert, links),
        alert_ids=(alert.alert_id,),
        unsubscribe_url=unsubscribe_url(queued, links),
    )


def digest_message(
    held: Sequence[QueuedAlert], links: Links | None = None, *, old_after: timedelta = OLD_AFTER
) -> Message:
    """Write one message of several alerts that had to wait, the newest of a product last.

    Args:
        held: At least one, all for one channel; the first is the message's own.
        links: Makes links to act by; None for a message without them.
        old_after: How old a price may be without the message saying so.
    """
    first = held[0]
    alerts = sorted((one.alert for one in held), key=lambda alert: alert.checked_at)
    reasons = sorted({one.held_for for one in held if one.held_for})
    simulated = any(alert.source == "simulator" for alert in alerts)
    shown = alerts[-_MOST_IN_DIGEST:]
    products = len({(alert.asin, alert.domain) for alert in alerts})
    left_out = len(alerts) - len(shown)
    return Message(
        key=f"digest-{min(one.message_id for one in held)}",
        subject=(
            f"{MARK if simulated else ''}{len(alerts)} price alerts for {products} "
            f"product{'s' if products > 1 else ''}"
        ),
        lead=f"{len(alerts)} price alerts, held back for {' and '.join(reasons) or 'you'}",
        sections=tuple(_short(alert, first.rules.time_zone, old_after) for alert in shown),
        made_at=alerts[-1].checked_at,
        notice=SIMULATED if simulated else "",
        closing=f"{left_out} older ones are left out: keeper alerts list" if left_out else "",
        alert_ids=tuple(alert.alert_id for alert in alerts),
        unsubscribe_url=unsubscribe_url(first, links),
    )


def presses(alert: PriceAlert) -> tuple[Press, ...]:
    """Return the buttons below an alert in a chat that the Telegram bot answers."""
    known = [one for one in (alert.target_minor, alert.price_minor) if one is not None]
    lower = min(known) * 9 // 10 if known else 0
    number = str(alert.watch_id)
    found = [Press("Snooze for a week", ("snooze", number, "7")), Press("Stop", ("stop", number))]
    if lower:
        label = f"Target −10 % ({site_money(lower, alert.domain)})"
        found.insert(0, Press(label, ("lower", number, str(lower))))
    return tuple(found)


def _actions(alert: PriceAlert, links: Links | None) -> tuple[Link, ...]:
    if links is None:
        return ()
    mark = watch_mark(alert.asin, alert.domain, alert.price_type, alert.watched_since)
    return (
        Link("Snooze for a week", links.to(LinkAction.SNOOZE, alert.watch_id, mark)),
        Link("Stop watching", links.to(LinkAction.STOP, alert.watch_id, mark)),
    )


def unsubscribe_url(queued: Queued, links: Links | None) -> str | None:
    """Return where one click ends messages to this channel; None if nowhere."""
    if links is None:
        return None
    mark = channel_mark(queued.to, queued.channel_since)
    return links.to(LinkAction.UNSUBSCRIBE, queued.channel_id, mark)


def _short(alert: PriceAlert, time_zone: str, old_after: timedelta) -> Section:
    facts = [
        *listing_facts(alert),
        ("Since", moment(alert.observed_at, time_zone)),
        *_age(alert, time_zone, old_after),
    ]
    if alert.has_newer_price:
        facts.insert(0, ("Price now", _newest(alert)))
    return Section(
        title=inert(alert.title) or alert.asin,
        reason=alert.reason,
        price=_price(alert),
        facts=tuple(facts),
        link=product_link(alert.asin, alert.domain),
    )


def _facts(
    alert: PriceAlert, context: PriceContext, time_zone: str, old_after: timedelta
) -> list[tuple[str, str]]:
    facts = [("Price now", _price(alert))]
    if alert.has_newer_price:
        facts = [("Price then", _price(alert)), ("Price now", _newest(alert))]
    if alert.shipping_minor is not None:
        shipping = _money(alert.shipping_minor, alert) if alert.shipping_minor else "free"
        facts.append(("Shipping", shipping))
    facts += listing_facts(alert)
    if alert.previous_price_minor is not None:
        facts.append(("Price before", _money(alert.previous_price_minor, alert)))
    if alert.target_minor is not None:
        counted = ", with shipping" if alert.with_shipping else ""
        facts.append(("Your target", f"{_money(alert.target_minor, alert)}{counted}"))
    facts += assessment(
        context, domain=alert.domain, observed_at=alert.observed_at, time_zone=time_zone
    )
    facts += [
        ("Price type", alert.price_type),
        ("Amazon site", locale_of(alert.domain).host),
        ("ASIN", alert.asin),
        ("Price since", moment(alert.observed_at, time_zone)),
        ("Checked at", moment(alert.checked_at, time_zone)),
    ]
    return facts + _age(alert, time_zone, old_after)


def _age(alert: PriceAlert, time_zone: str, old_after: timedelta) -> list[tuple[str, str]]:
    """Say when Keepa itself last looked, if that was long before it was asked."""
    seen_at = old_look(alert.seen_at, alert.checked_at, old_after)
    return [] if seen_at is None else [("Keepa last looked on", moment(seen_at, time_zone))]


def _chart(alert: PriceAlert, context: PriceContext, time_zone: str) -> Picture | None:
    if len(context.points) < 2:
        return None
    return price_chart(
        tuple(context.points),
        until=context.until,
        target_minor=alert.target_minor,
        domain=alert.domain,
        time_zone=time_zone,
    )


def _price(alert: PriceAlert) -> str:
    return "sold out" if alert.price_minor is None else _money(alert.price_minor, alert)


def _newest(alert: PriceAlert) -> str:
    newest = alert.newest_price_minor
    if alert.is_newest_hidden:
        return "price hidden"
    return "no offer" if newest is None else _money(newest, alert)


def _money(minor: int, alert: PriceAlert) -> str:
    return site_money(minor, alert.domain)


def product_link(asin: str, domain: str) -> Link:
    """Return the way to a product at its own Amazon site."""
    locale = locale_of(domain)
    return Link(f"Open on {locale.host}", product_url(asin, locale))


def showable(url: str | None) -> str | None:
    """Return a picture's address if it is one a message may show."""
    is_plain = url is not None and url.startswith("https://") and url == inert(url, 2_000)
    return url if is_plain and " " not in (url or "") else None
