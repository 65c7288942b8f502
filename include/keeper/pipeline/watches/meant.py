"""Which locale a command means that is given a bare ASIN: one rule for all of them.

The rule, as docs/TYPING.md has it: the one locale in which its user watches the product. If there
are several, the command asks. If there is none, a command that may add a watch takes the one in
which the product was watched before, else the default locale, and says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from keeper.domain.asins import ProductAddress
from keeper.domain.locales import locale_of
from keeper.domain.naming import some_of
from keeper.domain.watches.watch import DEFAULT_DOMAIN


class UnclearLocaleError(ValueError):
    """The locale that is meant cannot be said."""


@dataclass(frozen=True, slots=True)
class MeantProduct:
    """A product in the locales that are meant.

    Attributes:
        asin: The product.
        domains: The locales; none if the product is watched nowhere.
        note: What to say of how the locale was chosen; None where it was given.
    """

    asin: str
    domains: tuple[str, ...]
    note: str | None = None


def meant_product(
    address: ProductAddress,
    domain: str | None,
    found_in: Iterable[str],
    *,
    everywhere: bool | None = None,
    word: str = "watched",
) -> MeantProduct:
    """Return the locales that are meant by what somebody typed.

    Args:
        address: The product, and the locale if an address of Amazon said it.
        domain: The locale that was given besides.
        found_in: The locales in which the user watches the product.
        everywhere: Whether all of them are meant; None where a command takes only one.
        word: What the product is in these locales.

    Raises:
        UnclearLocaleError: Address and locale differ, or there are several locales.
    """
    said = address.locale.domain if address.locale else None
    if domain is not None and said is not None and domain != said:
        raise UnclearLocaleError(
            f"the address is of {locale_of(said).host} but the domain says {domain}"
        )
    if (given := domain or said) is not None:
        if everywhere:
            raise UnclearLocaleError(
                f"--all-domains means every locale, but {given} is given too: leave one out"
            )
        return MeantProduct(address.asin, (given,))
    found = tuple(sorted(set(found_in)))
    if len(found) > 1 and not everywhere:
        way_out = " or ".join(f"--domain {name}" for name in found)
        others = "" if everywhere is None else ", or --all-domains"
        raise UnclearLocaleError(
            f"{address.asin} is {word} in {some_of(found, len(found))}: give {way_out}{others}"
        )
    note = f"No --domain given: {found[0]}, where it is {word}." if len(found) == 1 else None
    return MeantProduct(address.asin, found, note)


def meant_for_adding(
    address: ProductAddress, domain: str | None, watched: Iterable[str], former: Iterable[str]
) -> MeantProduct:
    """Return the one locale in which a watch is added, changed or tried.

    Args:
        address: The product, and the locale if an address of Amazon said it.
        domain: The locale that was given besides.
        watched: The locales in which the user watches the product.
        former: Those in which the user removed it.

    Raises:
        UnclearLocaleError: Address and locale differ, or there are several locales.
    """
    meant = meant_product(address, domain, watched)
    if meant.domains:
        return meant
    if len(before := tuple(set(former))) == 1:
        note = f"No --domain given: {before[0]}, where it was watched before."
        return MeantProduct(address.asin, before, note)
    return MeantProduct(address.asin, (DEFAULT_DOMAIN,), f"No --domain given: {DEFAULT_DOMAIN}.")
