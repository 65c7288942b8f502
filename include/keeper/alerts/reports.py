"""What the daily deal report says."""

from dataclasses import replace
from typing import Final

from babel.numbers import format_decimal

from keeper.alerts.assessment import opening
from keeper.alerts.chart import price_chart
from keeper.alerts.compose import Reader, page_link, product_link, showable, unsubscribe_url
from keeper.alerts.links import Links
from keeper.alerts.message import Link, Message, Picture, Section, inert
from keeper.alerts.stored_reasons import sentence_in
from keeper.alerts.texts import as_text
from keeper.alerts.words import Words
from keeper.domain.deals.report import DealReport, ReportedDeal
from keeper.domain.messages.queue import QueuedReport
from keeper.domain.prices.types import price_type_of
from keeper.domain.prices.verdict import price_context
from keeper.domain.site_money import site_money
from keeper.domain.users.languages import Language

_SUBJECT_TITLE: Final = 100


def report_message(queued: QueuedReport, links: Links | None = None) -> Message:
    """Write a reader's report: a section for each deal, each search's under its name.

    Args:
        queued: The report.
        links: Makes links to act by; None for a message without them.
    """
    message = _written(queued.report, Reader.of(queued), links)
    return replace(message, unsubscribe_url=unsubscribe_url(queued, links))


def report_text(report: DealReport, time_zone: str = "UTC") -> str:
    """Return a report as plain text, as in a mail."""
    return as_text(_written(report, Reader(time_zone, Language.ENGLISH), None))


def _written(report: DealReport, reader: Reader, links: Links | None) -> Message:
    words = reader.words
    sections = []
    for position, deal in enumerate(report.deals):
        begins = position == 0 or report.deals[position - 1].filter != deal.filter
        heading = inert(deal.filter) if begins else ""
        sections.append(_section(deal, heading, report, reader, links))
    return Message(
        key=f"report-{report.report_id}",
        subject=f"{words.simulated_mark if report.simulated else ''}{_subject(report, words)}",
        lead=words.deals_since.format(
            deals=_count(report, words), time=reader.moment(report.since)
        ),
        sections=tuple(sections),
        made_at=report.until,
        notice=words.simulated if report.simulated else "",
        closing=_closing(report, words),
        actions=() if links is None else (Link(words.all_deals_link, links.deals_page()),),
        language=reader.language,
    )


def _subject(report: DealReport, words: Words) -> str:
    if not report.deals:
        return words.no_new_deals
    best = max(report.deals, key=lambda deal: deal.score)
    title = inert(best.title)[:_SUBJECT_TITLE] or best.asin
    return words.deals_subject.format(deals=_count(report, words), price=_price(best), title=title)


def _count(report: DealReport, words: Words) -> str:
    found = len(report.deals) + report.left_out
    if not found:
        return words.no_new_deals
    return words.counted(words.new_deals, found)


def _closing(report: DealReport, words: Words) -> str:
    if not report.deals:
        return words.your_searches
    more = words.counted(words.more_deals, report.left_out) if report.left_out else ""
    return "\n".join(filter(None, (more, words.when_reports_come)))


def _section(
    deal: ReportedDeal, heading: str, report: DealReport, reader: Reader, links: Links | None
) -> Section:
    words = reader.words
    reason = _reason(deal, words)
    # Of a message about one product, channels show the facts only.
    alone = ((words.price, words.price_and_reason.format(price=_price(deal), reason=reason)),)
    return Section(
        title=inert(deal.title) or deal.asin,
        reason=reason,
        price=_price(deal),
        facts=(*(alone if len(report.deals) == 1 else ()), *_facts(deal, reader)),
        link=product_link(deal.asin, deal.domain, words),
        image_url=showable(deal.image_url),
        chart=_chart(deal, report, reader),
        heading=heading,
        opening=_opening(deal, reader),
        page=page_link(deal.asin, deal.domain, deal.price_type, words, links),
    )


def _opening(deal: ReportedDeal, reader: Reader) -> str:
    """Return how good the price is by the 90 days that a report knows; blank if too few are."""
    context = price_context(
        deal.points,
        observed_at=deal.observed_at,
        checked_at=deal.last_seen_at,
        amount=deal.price_minor,
        price_type=price_type_of(deal.price_type),
    )
    return opening(
        _price(deal),
        context,
        domain=deal.domain,
        observed_at=deal.observed_at,
        time_zone=reader.time_zone,
        language=reader.language,
    )


def _reason(deal: ReportedDeal, words: Words) -> str:
    if deal.original_minor is None or (deal.discount_percent or 0) <= 0:
        if deal.back_in_stock:
            return words.deal_back_in_stock
        return words.deal_score.format(points=deal.score)
    return words.below_usual.format(
        percent=deal.discount_percent, usual=_usual(deal.original_minor, deal, words)
    )


def _facts(deal: ReportedDeal, reader: Reader) -> list[tuple[str, str]]:
    words = reader.words
    facts = [(words.score, words.score_of_100.format(points=deal.score))]
    if deal.reasons:
        why = (sentence_in(reader.language, one) for one in deal.reasons)
        facts.append((words.why, " ".join(why)))
    if deal.original_minor is not None:
        facts.append((words.usual_price, _usual(deal.original_minor, deal, words)))
    if deal.rating is not None:
        facts.append((words.rating, _rating(deal.rating, deal.review_count, words)))
    if deal.lightning_ends_at is not None:
        facts.append((words.lightning_ends, reader.moment(deal.lightning_ends_at)))
    if deal.back_in_stock:
        facts.append((words.back_in_stock, words.no_offer_before))
    facts.append((words.price_since, reader.moment(deal.observed_at)))
    facts.append((words.seen_at, reader.moment(deal.last_seen_at)))
    return facts


def _rating(rating: float, reviews: int | None, words: Words) -> str:
    stars = format_decimal(rating, "0.0", locale=words.locale)
    if reviews is None:
        return words.rating_of_5.format(rating=stars)
    counted = format_decimal(reviews, locale=words.locale)
    return words.counted(words.rating_by, reviews, rating=stars, reviews=counted)


def _chart(deal: ReportedDeal, report: DealReport, reader: Reader) -> Picture | None:
    if len(deal.points) < 2:
        return None
    return price_chart(
        deal.points,
        until=max(report.until, deal.observed_at),
        target_minor=None,
        domain=deal.domain,
        time_zone=reader.time_zone,
        language=reader.language,
    )


def _price(deal: ReportedDeal) -> str:
    return _money(deal.price_minor, deal)


def _usual(average_minor: int, deal: ReportedDeal, words: Words) -> str:
    """Return the average of 90 days, and since when it counts where it cannot reach so far back."""
    cut = price_type_of(deal.price_type).is_cut(90, deal.last_seen_at)
    average = _money(average_minor, deal)
    return words.amount_since_landed.format(amount=average) if cut else average


def _money(minor: int, deal: ReportedDeal) -> str:
    return site_money(minor, deal.domain)
