"""What a reply says of a watched price series: an answer, or none that may count as a check."""

from enum import StrEnum

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import PriceType
from keeper.pipeline.prices.replies import FetchedProduct


class Answer(StrEnum):
    """The answers. Only the first two say that the series was checked."""

    PRICES = "prices"
    """The series is there; its newest entry may be that there is no offer."""
    NEVER = "never"
    """It was asked for, and Keepa has never had a price of it."""
    NOT_ASKED = "not_asked"
    """The request did not ask for enough to bring it."""
    UNDELIVERED = "undelivered"
    """It was asked for, but Keepa could not fetch the offers; what came is of some earlier day."""
    UNREADABLE = "unreadable"
    """It came, but its newest entry cannot be read."""


def answer_of(fetched: FetchedProduct, price_type: PriceType) -> Answer:
    """Return what a reply says of a series of a product."""
    product = fetched.product
    # Of a download or a parent of variations Keepa has no offers, however it is asked.
    if product.kind.has_offers and not fetched.detail.brings(price_type.detail):
        return Answer.NOT_ASKED
    if price_type.detail is Detail.OFFERS and product.offers_successful is False:
        return Answer.UNDELIVERED
    if not product.state_of(price_type).is_answer:
        return Answer.UNREADABLE
    return Answer.PRICES if price_type.index in product.series else Answer.NEVER
