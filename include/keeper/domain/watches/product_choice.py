"""Which of the watched products a run is about, as whoever starts it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from keeper.domain.asins import is_asin
from keeper.domain.locales import UnknownLocaleError, locale_of
from keeper.errors import TerminalError


class InvalidChoiceError(TerminalError):
    """What was asked for is no product, no locale, or nothing anybody watches."""


class _Product(Protocol):
    @property
    def asin(self) -> str: ...

    @property
    def domain(self) -> str: ...


_P = TypeVar("_P", bound=_Product)


@dataclass(frozen=True, slots=True)
class ProductChoice:
    """Locales and ASINs; where none are named, all of them.

    Attributes:
        domains: Only these locales.
        asins: Only these products, in whichever of the locales they are watched.
    """

    domains: tuple[str, ...] = ()
    asins: tuple[str, ...] = ()

    @classmethod
    def of(cls, domains: Iterable[str] | None = None, asins: Iterable[str] | None = None) -> Self:
        """Return the choice, checked; None or nothing leaves nothing out.

        Raises:
            InvalidChoiceError: A locale Keepa lacks, or something that is no ASIN; names it.
        """
        chosen = cls(tuple(domains or ()), tuple(asins or ()))
        for domain in chosen.domains:
            try:
                locale_of(domain)
            except UnknownLocaleError as error:
                raise InvalidChoiceError(str(error)) from None
        if wrong := [asin for asin in chosen.asins if not is_asin(asin)]:
            raise InvalidChoiceError(
                f"{', '.join(map(repr, wrong))}: an ASIN is ten digits or capital letters, like "
                "B00EXAMPLE"
            )
        return chosen

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.domains and not self.asins

    def among(self, watched: Iterable[_P]) -> tuple[list[_P], list[str]]:
        """Return the chosen ones of the watched products, and the ASINs of which there are none.

        Raises:
            InvalidChoiceError: Products are named, and nobody watches any of them there.
        """
        found = [
            product
            for product in watched
            if (not self.domains or product.domain in self.domains)
            and (not self.asins or product.asin in self.asins)
        ]
        unknown = sorted(set(self.asins) - {product.asin for product in found})
        if self.asins and not found:
            where = f" in {', '.join(self.domains)}" if self.domains else ""
            raise InvalidChoiceError(
                f"nobody watches {', '.join(unknown)}{where}; see keeper watch list, or add it "
                "with keeper watch add"
            )
        return found, unknown


EVERYTHING = ProductChoice()
