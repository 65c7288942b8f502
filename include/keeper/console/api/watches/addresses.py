"""What pasted addresses mean, before anything is watched."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from keeper.console.api.shapes import TEXT, Reply, Request
from keeper.console.auth import WatchReader
from keeper.console.problems import NOT_SIGNED_IN, OTHER_SITE, SCOPE_MISSING, answers
from keeper.domain.asins import parse_product_address, product_url
from keeper.domain.locales import locale_of
from keeper.domain.watches.watch import DEFAULT_DOMAIN

router = APIRouter(tags=["watches"])
_MOST = 100
Line = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=TEXT)]


class Addresses(Request):
    """What somebody pasted, one product each."""

    products: list[Line] = Field(
        min_length=1,
        max_length=_MOST,
        description="Each an ASIN or the address of a product at Amazon.",
        examples=[["https://www.amazon.de/dp/B00EXAMPL0"]],
    )


class AddressReply(Reply):
    """What one of them means."""

    asin: str | None = Field(description="Null for what names no product.")
    domain: str | None = Field(description="Its locale; us where the address says none.")
    url: str | None
    is_locale_assumed: bool = Field(description="The address says no locale.")
    note: str | None = Field(description="How it was read, where that is not plain.")
    problem: str | None = Field(description="Why it names no product.")

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return what a text means, as POST /api/v1/watches reads it."""
        try:
            found = parse_product_address(text)
        except ValueError as error:
            return cls(
                asin=None,
                domain=None,
                url=None,
                is_locale_assumed=False,
                note=None,
                problem=str(error),
            )
        locale = found.locale or locale_of(DEFAULT_DOMAIN)
        return cls(
            asin=found.asin,
            domain=locale.domain,
            url=product_url(found.asin, locale),
            is_locale_assumed=found.locale is None,
            note=found.note,
            problem=None,
        )


class AddressList(Reply):
    """What each means, in the order of products."""

    results: list[AddressReply]


@router.post(
    "/watches:check", responses=answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE), name="check"
)
async def read_addresses(caller: WatchReader, body: Addresses) -> AddressList:
    """Say which products up to 100 pasted addresses mean; changes nothing."""
    return AddressList(results=[AddressReply.of_text(line) for line in body.products])
