"""What the API says of products and prices, and which parameters name them."""

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Path, Query
from pydantic import Field

from keeper.console.api.current_price import CurrentPrice
from keeper.console.api.shapes import (
    DOMAIN_SCHEMA,
    PRICE_TYPE_SCHEMA,
    Domain,
    GivenMoment,
    Moment,
    Money,
    PriceTypeName,
    Reply,
    parameters,
)
from keeper.console.context import ConsoleContext
from keeper.domain.asins import ASIN_PATTERN, product_url
from keeper.domain.locales import locale_of
from keeper.domain.prices.types import price_type_of
from keeper.domain.watches.watch import DEFAULT_DOMAIN, DEFAULT_PRICE_TYPE
from keeper.pipeline.prices.stored import (
    PriceColumns,
    ProductPrices,
    SeriesName,
    Span,
    StoredPoint,
)

Asin = Annotated[
    str, Path(pattern=ASIN_PATTERN, description="The product.", examples=["B00EXAMPL0"])
]
DomainQuery = Annotated[
    Domain, Query(description="The locale.", json_schema_extra={**DOMAIN_SCHEMA})
]
PriceTypeQuery = Annotated[
    PriceTypeName,
    Query(description="Keepa's name of the price.", json_schema_extra={**PRICE_TYPE_SCHEMA}),
]
_Since = Annotated[GivenMoment | None, Query(description="From then on; without it all.")]
_Until = Annotated[GivenMoment | None, Query(description="Before then.")]


@dataclass(frozen=True, slots=True)
class SeriesParameters:
    """A product and one of its prices, as an address names them."""

    asin: Asin
    domain: DomainQuery = DEFAULT_DOMAIN
    price_type: PriceTypeQuery = DEFAULT_PRICE_TYPE

    def name(self) -> SeriesName:
        """Return which series is meant."""
        return SeriesName(self.asin, self.domain, self.price_type)


@dataclass(frozen=True, slots=True)
class SpanParameters:
    """A stretch of time, as parameters of an address."""

    since: _Since = None
    until: _Until = None

    def span(self) -> Span:
        """Return it."""
        return Span(self.since, self.until)


SeriesQuery = Annotated[SeriesParameters, Depends(parameters(SeriesParameters))]
SpanQuery = Annotated[SpanParameters, Depends(parameters(SpanParameters))]


class TypedPrice(CurrentPrice):
    """A product's current price of some type."""

    price_type: str = Field(description="Keepa's name.")


class ProductPricesReply(Reply):
    """A product and what it costs now."""

    asin: str
    domain: str
    currency: str
    title: str | None = Field(description="Amazon's text, to be shown as text only.")
    url: str
    image_url: str | None
    kind: str | None = Field(description="What is unusual about the product; null for nothing.")
    prices: list[TypedPrice] = Field(description="By price type; those that are watched.")

    @classmethod
    def of_product(
        cls, asin: str, domain: str, found: ProductPrices, context: ConsoleContext
    ) -> Self:
        """Return what the API says of a product."""
        locale = locale_of(domain)
        product = found.product
        return cls(
            asin=asin,
            domain=domain,
            currency=locale.currency,
            title=product.title,
            url=product_url(asin, locale),
            image_url=product.image_url,
            kind=product.kind.explain(product.variations) or None,
            prices=[
                TypedPrice(
                    price_type=one.price_type,
                    **dict(
                        CurrentPrice.of_known(
                            one,
                            price_type=one.price_type,
                            currency=locale.currency,
                            context=context,
                        )
                    ),
                )
                for one in found.prices
            ],
        )


class SeriesReply(Reply):
    """A product's prices of one type in one locale."""

    asin: str
    domain: str
    price_type: str
    currency: str
    comparable_since: Moment | None = Field(
        description="Prices before then leave shipping out, later ones do not; null where all mean "
        "the same."
    )

    @classmethod
    def of_name(cls, name: SeriesName) -> Self:
        """Return what the API says of a series."""
        return cls(
            asin=name.asin,
            domain=name.domain,
            price_type=name.price_type,
            currency=locale_of(name.domain).currency,
            comparable_since=price_type_of(name.price_type).landed_since,
        )


class PointReply(Reply):
    """From `observed_at` until the next point the price was this."""

    observed_at: Moment
    amount: Money | None = Field(description="Without shipping; null: there was no offer.")
    shipping: Money | None = Field(description="Where Keepa gives it apart.")
    is_implausible: bool = Field(description="A jump that nothing had confirmed.")
    checked_at: Moment = Field(description="When it was first seen.")
    last_checked_at: Moment = Field(description="When it was last seen as the newest one.")
    source: str = Field(description="keepa, or simulator for invented prices.")

    @classmethod
    def of_point(cls, point: StoredPoint, currency: str) -> Self:
        """Return what the API says of a point."""
        return cls(
            observed_at=point.observed_at,
            amount=Money.of_minor(point.price_minor, currency),
            shipping=Money.of_minor(point.shipping_minor, currency),
            is_implausible=point.implausible,
            checked_at=point.checked_at,
            last_checked_at=point.last_checked_at,
            source=point.source,
        )


class OriginReply(Reply):
    """Where a current price is from, and who looked when."""

    series: SeriesReply
    source: str = Field(description="keepa, or simulator for invented prices.")
    observed_at: Moment = Field(description="Since when it holds, as Keepa says.")
    seen_at: Moment | None = Field(description="When Keepa itself had last looked.")
    checked_at: Moment = Field(description="When Keepa was last asked.")
    run_id: str | None = Field(
        description="The run that brought it, for operators with operations:read, else null."
    )


class HistoryPage(Reply):
    """A page of a series' points."""

    series: SeriesReply
    items: list[PointReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")


class HistoryColumns(Reply):
    """A series by columns, for a chart of steps: `amounts[i]` held from `times[i]` on."""

    series: SeriesReply
    times: list[int] = Field(description="In seconds since 1970-01-01T00:00:00Z, rising.")
    amounts: list[int | None] = Field(description="In minor units; null: there was no offer.")
    with_shipping: bool
    known_points: int = Field(description="How many there are; more than these if thinned.")
    implausible_times: list[int] = Field(
        description="When jumps began that nothing has confirmed, rising; the newest 200 at most."
    )
    implausible_amounts: list[int | None]

    @classmethod
    def of_columns(cls, name: SeriesName, columns: PriceColumns, *, with_shipping: bool) -> Self:
        """Return what the API says of them."""
        return cls(
            series=SeriesReply.of_name(name),
            times=columns.times,
            amounts=columns.amounts,
            with_shipping=with_shipping,
            known_points=columns.known,
            implausible_times=[at for at, _ in columns.doubted],
            implausible_amounts=[amount for _, amount in columns.doubted],
        )
