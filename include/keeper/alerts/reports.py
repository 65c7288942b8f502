"""What the daily deal report says."""

from dataclasses import replace
from typing import Final

from keeper.alerts.chart import price_chart
from keeper.alerts.compose import MARK, SIMULATED, product_link, showable, unsubscribe_url
from keeper.alerts.formats import moment
from keeper.alerts.links import Links
from keeper.alerts.message import Message, Picture, Section, inert
from keeper.alerts.texts import as_text
from keeper.domain.deals.report import DealReport, ReportedDeal
from keeper.domain.messages.queue import QueuedReport
from keeper.domain.prices.landed import SINCE_LANDED
from keeper.domain.prices.types import price_type_of
from keeper.domain.site_money import site_money

_SUBJECT_TITLE: Final = 100


def report_message(queued: QueuedReport, links: Links | None = None) -> Message:
    """Write a reader's report: a section for each deal, each search's under its name.

    Args:
        queued: The report.
        links: Makes links to act by; None for a message without them.
    """
    message = _written(queued.report, queued.rules.time_zone)
    return replace(message, unsubscribe_url=unsubscribe_url(queued, links))


def report_text(report: DealReport, time_zone: str = "UTC") -> str:
    """Return a report as plain text, as in a mail."""
    return as_text(_written(report, time_zone))


def _written(report: DealReport, time_zone: str) -> Message:
    sections = []
    for position, deal in enumerate(report.deals):
        begins = position == 0 or report.deals[position - 1].filter != deal.filter
        heading = inert(deal.filter) if begins else ""
        sections.append(_section(deal, heading, report, time_zone))
    return Message(
        key=f"report-{report.report_id}",
        subject=f"{MARK if report.simulated else ''}{_subject(report)}",
        lead=f"{_count(report)} since {moment(report.since, time_zone)}",
        sections=tuple(sections),
        made_at=report.until,
        notice=SIMULATED if report.simulated else "",
        closing=_closing(report),
    )


def _subject(report: DealReport) -> str:
    if not report.deals:
        return "No new deals"
    best = max(report.deals, key=lambda deal: deal.score)
    title = inert(best.title)[:_SUBJECT_TITLE] or best.asin
    return f"{_count(report)}: {_price(best)} for {title}"


def _count(report: DealReport) -> str:
    found = len(report.deals) + report.left_out
    if not found:
        return "No new deals"
    return f"{found} new deal{'s' if found > 1 else ''}"


def _closing(report: DealReport) -> str:
    if not report.deals:
        return "Your searches: keeper deals filter list"
    more = f"{report.left_out} more: keeper deals list" if report.left_out else ""
    return "\n".join(filter(None, (more, "When this report comes: keeper reports when")))


def _section(deal: ReportedDeal, heading: str, report: DealReport, time_zone: str) -> Section:
    # Of a message about one product, channels show the facts only.
    alone = (("Price", f"{_price(deal)}, {_reason(deal)}"),)
    return Section(
        title=inert(deal.title) or deal.asin,
        reason=_reason(deal),
        price=_price(deal),
        facts=(*(alone if len(report.deals) == 1 else ()), *_facts(deal, time_zone)),
        link=product_link(deal.asin, deal.domain),
        image_url=showable(deal.image_url),
        chart=_chart(deal, report, time_zone),
        heading=heading,
    )


def _reason(deal: ReportedDeal) -> str:
    if deal.original_minor is None or (deal.discount_percent or 0) <= 0:
        return "back in stock" if deal.back_in_stock else f"score {deal.score} of 100"
    return f"{deal.discount_percent} % below its usual {_usual(deal.original_minor, deal)}"


def _facts(deal: ReportedDeal, time_zone: str) -> list[tuple[str, str]]:
    facts = [("Score", f"{deal.score} of 100")]
    if deal.reasons:
        facts.append(("Why", " ".join(deal.reasons)))
    if deal.original_minor is not None:
        facts.append(("Usual price", _usual(deal.original_minor, deal)))
    if deal.rating is not None:
        by = "" if deal.review_count is None else f", {deal.review_count:,} reviews"
        facts.append(("Rating", f"{deal.rating:.1f} of 5{by}"))
    if deal.lightning_ends_at is not None:
        facts.append(("Lightning deal ends", moment(deal.lightning_ends_at, time_zone)))
    if deal.back_in_stock:
        facts.append(("Back in stock", "there was no offer before"))
    facts.append(("Price since", moment(deal.observed_at, time_zone)))
    facts.append(("Seen at", moment(deal.last_seen_at, time_zone)))
    return facts


def _chart(deal: ReportedDeal, report: DealReport, time_zone: str) -> Picture | None:
    if len(deal.points) < 2:
        return None
    return price_chart(
        deal.points,
        until=max(report.until, deal.observed_at),
        target_minor=None,
        domain=deal.domain,
        time_zone=time_zone,
    )


def _price(deal: ReportedDeal) -> str:
    return _money(deal.price_minor, deal)


def _usual(average_minor: int, deal: ReportedDeal) -> str:
    """Return the average of 90 days, and since when it counts where it cannot reach so far back."""
    cut = price_type_of(deal.price_type).is_cut(90, deal.last_seen_at)
    return f"{_money(average_minor, deal)} {SINCE_LANDED}" if cut else _money(average_minor, deal)


def _money(minor: int, deal: ReportedDeal) -> str:
    return site_money(minor, deal.domain)
