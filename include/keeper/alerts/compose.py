"""What alerts say, one by one and together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keeper.alerts.assessment import assessment, opening
from keeper.alerts.chart import price_chart
from keeper.alerts.coupons import listing_facts
from keeper.alerts.formats import moment
from keeper.alerts.links import LinkAction, Links, channel_mark, watch_mark
from keeper.alerts.message import Link, Message, Picture, Press, Section, inert
from keeper.alerts.stored_reasons import reason_in
from keeper.alerts.words import Words, words_in
from keeper.domain.asins import product_url
from keeper.domain.locales import locale_of
from keeper.domain.messages.delivery_clock import HeldFor
from keeper.domain.messages.queue import PriceAlert, Queued, QueuedAlert
from keeper.domain.prices.age import old_look
from keeper.domain.prices.verdict import PriceContext
from keeper.domain.site_money import site_money
from keeper.domain.users.languages import Language

OLD_AFTER: Final = timedelta(hours=12)
"""From what age a price is old, unless the caller knows better: two of the usual intervals."""
_SUBJECT_TITLE: Final = 120
_MOST_IN_DIGEST: Final = 25


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a message is for: the clock and the language."""

    time_zone: str
    language: Language

    @classmethod
    def of(cls, queued: Queued) -> "Reader":
        """Return the reader of a message."""
        return cls(queued.rules.time_zone, queued.language)

    @property
    def words(self) -> Words:
        """The language's catalogue."""
        return words_in(self.language)

    def moment(self, at: datetime) -> str:
        """Write a time."""
        return moment(at, self.time_zone, self.language)


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
    alert, reader = queued.alert, Reader.of(queued)
    words = reader.words
    title = inert(alert.title) or alert.asin
    simulated = alert.source == "simulator"
    mark = words.simulated_mark if simulated else ""
    reason = reason_in(reader.language, alert.reason)
    section = Section(
        title=title,
        reason=reason,
        price=_price(alert, words),
        facts=tuple(_facts(alert, context, reader, old_after)),
        link=product_link(alert.asin, alert.domain, words),
        image_url=showable(alert.image_url),
        chart=_chart(alert, context, reader),
        opening=_opening(alert, context, reader),
        page=page_link(alert.asin, alert.domain, alert.price_type, words, links),
    )
    return Message(
        key=f"alert-{alert.alert_id}",
        subject=f"{mark}{section.price}: {title[:_SUBJECT_TITLE]}",
        lead=words.price_alert.format(reason=reason),
        sections=(section,),
        made_at=alert.checked_at,
        notice=words.simulated if simulated else "",
        actions=_actions(alert, words, links),
        alert_ids=(alert.alert_id,),
        unsubscribe_url=unsubscribe_url(queued, links),
        language=reader.language,
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
    first, reader = held[0], Reader.of(held[0])
    words = reader.words
    alerts = sorted((one.alert for one in held), key=lambda alert: alert.checked_at)
    simulated = any(alert.source == "simulator" for alert in alerts)
    shown = alerts[-_MOST_IN_DIGEST:]
    products = len({(alert.asin, alert.domain) for alert in alerts})
    left_out = len(alerts) - len(shown)
    counted = words.counted(words.alerts, len(alerts))
    return Message(
        key=f"digest-{min(one.message_id for one in held)}",
        subject=(
            (words.simulated_mark if simulated else "")
            + words.counted(words.alerts_for_products, products, alerts=counted)
        ),
        lead=_held_back(counted, held, words),
        sections=tuple(_short(alert, reader, old_after, links) for alert in shown),
        made_at=alerts[-1].checked_at,
        notice=words.simulated if simulated else "",
        closing=words.counted(words.older_left_out, left_out) if left_out else "",
        alert_ids=tuple(alert.alert_id for alert in alerts),
        unsubscribe_url=unsubscribe_url(first, links),
        language=reader.language,
    )


def presses(alert: PriceAlert, language: Language) -> tuple[Press, ...]:
    """Return the buttons below an alert in a chat that the Telegram bot answers."""
    known = [one for one in (alert.target_minor, alert.price_minor) if one is not None]
    lower = min(known) * 9 // 10 if known else 0
    number, words = str(alert.watch_id), words_in(language)
    found = [
        Press(words.snooze_link, ("snooze", number, "7")),
        Press(words.stop_link, ("stop", number)),
    ]
    if lower:
        label = words.lower_target.format(amount=site_money(lower, alert.domain))
        found.insert(0, Press(label, ("lower", number, str(lower))))
    return tuple(found)


def _held_back(counted: str, held: Sequence[QueuedAlert], words: Words) -> str:
    says: dict[str, str] = {
        HeldFor.SNOOZE: words.held_for_snooze,
        HeldFor.QUIET_HOURS: words.held_for_quiet_hours,
        HeldFor.DAILY_CAP: words.held_for_daily_cap,
    }
    reasons = sorted({one.held_for for one in held if one.held_for})
    if not reasons:
        return words.held_back.format(alerts=counted)
    spoken = words.and_.join(says.get(reason, reason) for reason in reasons)
    return words.held_back_for.format(alerts=counted, reasons=spoken)


def _actions(alert: PriceAlert, words: Words, links: Links | None) -> tuple[Link, ...]:
    if links is None:
        return ()
    mark = watch_mark(alert.asin, alert.domain, alert.price_type, alert.watched_since)
    return (
        Link(words.snooze_link, links.to(LinkAction.SNOOZE, alert.watch_id, mark)),
        Link(words.stop_link, links.to(LinkAction.STOP, alert.watch_id, mark)),
    )


def unsubscribe_url(queued: Queued, links: Links | None) -> str | None:
    """Return where one click ends messages to this channel; None if nowhere."""
    if links is None:
        return None
    mark = channel_mark(queued.to, queued.channel_since)
    return links.to(LinkAction.UNSUBSCRIBE, queued.channel_id, mark)


def _short(alert: PriceAlert, reader: Reader, old_after: timedelta, links: Links | None) -> Section:
    words = reader.words
    facts = [
        *listing_facts(alert, words),
        (words.since, reader.moment(alert.observed_at)),
        *_age(alert, reader, old_after),
    ]
    if alert.has_newer_price:
        facts.insert(0, (words.price_now, _newest(alert, words)))
    return Section(
        title=inert(alert.title) or alert.asin,
        reason=reason_in(reader.language, alert.reason),
        price=_price(alert, words),
        facts=tuple(facts),
        link=product_link(alert.asin, alert.domain, words),
        image_url=showable(alert.image_url),
        page=page_link(alert.asin, alert.domain, alert.price_type, words, links),
    )


def _facts(
    alert: PriceAlert, context: PriceContext, reader: Reader, old_after: timedelta
) -> list[tuple[str, str]]:
    words = reader.words
    facts = [(words.price_now, _price(alert, words))]
    if alert.has_newer_price:
        facts = [(words.price_then, _price(alert, words)), (words.price_now, _newest(alert, words))]
    if alert.shipping_minor is not None:
        free = words.shipping_free
        shipping = _money(alert.shipping_minor, alert) if alert.shipping_minor else free
        facts.append((words.shipping, shipping))
    facts += listing_facts(alert, words)
    if alert.previous_price_minor is not None:
        facts.append((words.price_before, _money(alert.previous_price_minor, alert)))
    if alert.target_minor is not None:
        target = _money(alert.target_minor, alert)
        if alert.with_shipping:
            target = words.with_shipping.format(amount=target)
        facts.append((words.your_target, target))
    facts += assessment(
        context,
        domain=alert.domain,
        observed_at=alert.observed_at,
        time_zone=reader.time_zone,
        language=reader.language,
    )
    facts += [
        (words.price_type, alert.price_type),
        (words.amazon_site, locale_of(alert.domain).host),
        ("ASIN", alert.asin),
        (words.price_since, reader.moment(alert.observed_at)),
        (words.checked_at, reader.moment(alert.checked_at)),
    ]
    return facts + _age(alert, reader, old_after)


def _opening(alert: PriceAlert, context: PriceContext, reader: Reader) -> str:
    """Return the first sentence; none of a price that is not the newest any more."""
    if alert.price_minor is None or alert.has_newer_price:
        return ""
    price = _price(alert, reader.words)
    if alert.with_shipping and alert.shipping_minor:
        # The history counts it in, too.
        total = _money(alert.price_minor + alert.shipping_minor, alert)
        price = reader.words.with_shipping.format(amount=total)
    return opening(
        price,
        context,
        domain=alert.domain,
        observed_at=alert.observed_at,
        time_zone=reader.time_zone,
        language=reader.language,
    )


def _age(alert: PriceAlert, reader: Reader, old_after: timedelta) -> list[tuple[str, str]]:
    """Say when Keepa itself last looked, if that was long before it was asked."""
    seen_at = old_look(alert.seen_at, alert.checked_at, old_after)
    return [] if seen_at is None else [(reader.words.keepa_looked, reader.moment(seen_at))]


def _chart(alert: PriceAlert, context: PriceContext, reader: Reader) -> Picture | None:
    if len(context.points) < 2:
        return None
    return price_chart(
        tuple(context.points),
        until=context.until,
        target_minor=alert.target_minor,
        domain=alert.domain,
        time_zone=reader.time_zone,
        language=reader.language,
    )


def _price(alert: PriceAlert, words: Words) -> str:
    return words.sold_out if alert.price_minor is None else _money(alert.price_minor, alert)


def _newest(alert: PriceAlert, words: Words) -> str:
    newest = alert.newest_price_minor
    if alert.is_newest_hidden:
        return words.price_hidden
    return words.no_offer if newest is None else _money(newest, alert)


def _money(minor: int, alert: PriceAlert) -> str:
    return site_money(minor, alert.domain)


def product_link(asin: str, domain: str, words: Words) -> Link:
    """Return the way to a product at its own Amazon site."""
    locale = locale_of(domain)
    return Link(words.open_on.format(site=locale.host), product_url(asin, locale))


def page_link(
    asin: str, domain: str, price_type: str, words: Words, links: Links | None
) -> Link | None:
    """Return the way to a product's page in Keeper; None if nowhere."""
    if links is None:
        return None
    return Link(words.see_in_keeper, links.product_page(asin, domain, price_type))


def showable(url: str | None) -> str | None:
    """Return a picture's address if it is one a message may show."""
    is_plain = url is not None and url.startswith("https://") and url == inert(url, 2_000)
    return url if is_plain and " " not in (url or "") else None
