"""The prices that Keepa has of a product, and what fetching one costs."""

from fastapi import APIRouter
from pydantic import Field

from keeper.console.api.shapes import Moment, Reply
from keeper.console.auth import AnyCaller
from keeper.console.problems import NOT_SIGNED_IN, answers
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import PRICE_TYPES, PriceType
from keeper.domain.tokens.prices import USUAL_PRICES

router = APIRouter(prefix="/price-types", tags=["price-types"])


class PriceTypeReply(Reply):
    """A price that Keepa has of a product."""

    name: str = Field(description="Keepa's name.")
    detail: Detail = Field(description="How much of a product must be asked for to get it.")
    tokens: int = Field(
        description="About what a check of a product costs; a product with several prices costs "
        "what its dearest does."
    )
    has_shipping: bool = Field(description="Whether shipping comes apart.")
    comparable_since: Moment | None = Field(
        description="From then on it includes shipping; null where it always meant the same."
    )
    has_deals: bool = Field(description="Whether deals can be looked for by it.")

    @classmethod
    def of_type(cls, price_type: PriceType) -> "PriceTypeReply":
        """Return what the API says of a price type."""
        return cls(
            name=price_type.name,
            detail=price_type.detail,
            tokens=USUAL_PRICES.estimate(price_type.detail, 1),
            has_shipping=price_type.has_shipping,
            comparable_since=price_type.landed_since,
            has_deals=price_type.has_deals,
        )


class PriceTypeList(Reply):
    """Prices that can be watched."""

    items: list[PriceTypeReply]


@router.get("", responses=answers(NOT_SIGNED_IN), name="list")
async def list_types(caller: AnyCaller) -> PriceTypeList:
    """List the prices that can be watched; a token needs no scope."""
    watched = [one for one in PRICE_TYPES if one.is_price and not one.is_gone]
    return PriceTypeList(items=[PriceTypeReply.of_type(one) for one in watched])
