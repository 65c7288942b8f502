"""What the API says of deals, saved searches and reports."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from keeper.alerts.stored_reasons import sentence_in
from keeper.console.api.messages.shapes import MessageReply
from keeper.console.api.shapes import Moment, Money, Reply
from keeper.domain.asins import product_url
from keeper.domain.deals.report import DealReport, ReportedDeal
from keeper.domain.locales import locale_of
from keeper.domain.users.languages import Language
from keeper.pipeline.deals.found import PagedDeal, ReportWithMessages
from keeper.pipeline.deals.searches import PagedFilter, WatchStatus, price_bounds


class FilterName(Reply):
    """The saved search that found a deal."""

    id: int
    name: str
    owner_id: int
    owner: str = Field(description="Whose it is, by address.")


class DealReply(Reply):
    """A deal: a product at a price since a moment."""

    id: str
    filter: FilterName
    asin: str
    domain: str
    price_type: str
    title: str | None = Field(description="Amazon's text, to be shown as text only.")
    url: str
    image_url: str | None
    price: Money | None = Field(description="null: there is no offer any more.")
    usual: Money | None = Field(description="What it usually costs: its 90-day average.")
    previous: Money | None = Field(description="The price just before.")
    list_price: Money | None = Field(description="What the seller calls the list price.")
    discount_percent: int | None = Field(description="How far below what it usually costs.")
    score: int = Field(description="0 to 100, against the product's own history.")
    reasons: list[str] = Field(description="Why, the weightiest first, in the language asked for.")
    rating: float | None = Field(description="0.0 to 5.0 stars.")
    review_count: int | None
    sales_rank: int | None
    back_in_stock: bool = Field(description="It had no offer before.")
    lightning_ends_at: datetime | None
    observed_at: Moment = Field(description="Since when the price holds.")
    first_seen_at: Moment
    last_seen_at: Moment
    source: str = Field(description="keepa, or simulator for invented prices.")

    @classmethod
    def of_deal(cls, deal: PagedDeal, language: Language) -> Self:
        """Return what the API says of a deal."""

        def money(minor: int | None) -> Money | None:
            return Money.of_minor(minor, deal.currency)

        return cls(
            id=deal.event_id,
            filter=FilterName(
                id=deal.filter_id, name=deal.filter, owner_id=deal.user_id, owner=deal.email
            ),
            asin=deal.asin,
            domain=deal.domain,
            price_type=deal.price_type,
            title=deal.title,
            url=product_url(deal.asin, locale_of(deal.domain)),
            image_url=deal.image_url,
            price=money(deal.price_minor),
            usual=money(deal.original_minor),
            previous=money(deal.previous_minor),
            list_price=money(deal.list_price_minor),
            discount_percent=deal.discount_percent,
            score=deal.score,
            reasons=[sentence_in(language, one) for one in deal.reasons],
            rating=deal.rating,
            review_count=deal.review_count,
            sales_rank=deal.sales_rank,
            back_in_stock=deal.back_in_stock,
            lightning_ends_at=deal.lightning_ends_at,
            observed_at=deal.observed_at,
            first_seen_at=deal.first_seen_at,
            last_seen_at=deal.last_seen_at,
            source=deal.source,
        )


class FilterReply(Reply):
    """A saved search and what came of it."""

    id: int
    owner_id: int
    owner: str = Field(description="Whose it is, by address.")
    name: str
    domain: str
    price_type: str
    price_min: Money | None
    price_max: Money | None
    min_score: int = Field(description="Deals scored below are kept but not shown.")
    selection: dict[str, Any] = Field(description="All of it by Keepa's own names.")
    status: WatchStatus
    problem: str | None = Field(description="Why Keepa refused it in the last run.")
    problem_at: datetime | None
    deals: int = Field(description="How many it has found.")
    last_seen_at: datetime | None = Field(description="When it last found one.")
    created_at: Moment
    changed_at: Moment

    @classmethod
    def of_filter(cls, found: PagedFilter) -> Self:
        """Return what the API says of a saved search."""
        saved = found.saved
        currency = locale_of(saved.filter.domain).currency
        lowest, highest = price_bounds(saved.filter)
        return cls(
            id=found.filter_id,
            owner_id=found.user_id,
            owner=found.email,
            name=saved.filter.name,
            domain=saved.filter.domain,
            price_type=saved.filter.price_type,
            price_min=Money.of_minor(lowest, currency),
            price_max=Money.of_minor(highest, currency),
            min_score=saved.filter.min_score,
            selection=dict(saved.filter.selection),
            status=saved.status,
            problem=saved.problem,
            problem_at=saved.problem_at,
            deals=saved.deals,
            last_seen_at=saved.last_seen_at,
            created_at=found.created_at,
            changed_at=found.changed_at,
        )


class ReportedDealReply(Reply):
    """A deal as a report said it."""

    id: str
    filter: str = Field(description="The search that found it, by name.")
    asin: str
    domain: str
    price_type: str
    title: str | None = Field(description="Amazon's text, to be shown as text only.")
    url: str
    price: Money
    usual: Money | None = Field(description="What it usually costs: its 90-day average.")
    discount_percent: int | None
    score: int
    reasons: list[str]
    observed_at: Moment

    @classmethod
    def of_deal(cls, deal: ReportedDeal, language: Language) -> Self:
        """Return what the API says of a deal in a report."""
        price = Money.of_minor(deal.price_minor, deal.currency)
        if price is None:
            raise TypeError("a reported deal has no price")
        return cls(
            id=deal.event_id,
            filter=deal.filter,
            asin=deal.asin,
            domain=deal.domain,
            price_type=deal.price_type,
            title=deal.title,
            url=product_url(deal.asin, locale_of(deal.domain)),
            price=price,
            usual=Money.of_minor(deal.original_minor, deal.currency),
            discount_percent=deal.discount_percent,
            score=deal.score,
            reasons=[sentence_in(language, one) for one in deal.reasons],
            observed_at=deal.observed_at,
        )


class ReportReply(Reply):
    """A daily report, without its deals."""

    id: int
    owner_id: int
    owner: str = Field(description="Whose it is, by address.")
    since: Moment = Field(description="Deals found from then on are in it.")
    until: Moment = Field(description="When it was made.")
    is_simulated: bool = Field(description="Its prices are invented.")
    deals: int = Field(description="How many it lists.")
    left_out: int = Field(description="How many more there were.")
    messages: list[MessageReply] = Field(description="What became of it on each channel.")

    @classmethod
    def of_report(cls, found: ReportWithMessages) -> Self:
        """Return what the API says of a report."""
        report = found.report
        return cls(
            id=report.report_id,
            owner_id=report.user_id,
            owner=report.email,
            since=report.since,
            until=report.until,
            is_simulated=report.simulated,
            deals=report.deals,
            left_out=report.left_out,
            messages=[MessageReply.of_message(message) for message in found.messages],
        )


class ReportWithDeals(Reply):
    """A daily report with its deals, as it was sent."""

    report: ReportReply
    deals: list[ReportedDealReply]


class NextReport(Reply):
    """The report that would come now."""

    since: Moment
    until: Moment
    is_simulated: bool = Field(description="Its prices are invented.")
    left_out: int = Field(description="How many more deals there are.")
    deals: list[ReportedDealReply]

    @classmethod
    def of_report(cls, report: DealReport, language: Language) -> Self:
        """Return what the API says of a draft."""
        return cls(
            since=report.since,
            until=report.until,
            is_simulated=report.simulated,
            left_out=report.left_out,
            deals=[ReportedDealReply.of_deal(deal, language) for deal in report.deals],
        )
