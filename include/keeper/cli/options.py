"""Options and arguments that several commands take, each declared once.

What only one command takes, or words in its own way, stands with that command.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.moments import since
from keeper.domain.locales import LOCALES, UnknownLocaleError, locale_of

if TYPE_CHECKING:
    from keeper.domain.prices.types import PriceType

_LOCALES: Final = " ".join(locale.domain for locale in LOCALES)


def domain_of(given: str | list[str] | None) -> str | list[str] | None:
    """Return the name of a locale, or of several, that was typed in whatever case."""
    if given is None:
        return None
    try:
        if isinstance(given, str):
            return locale_of(given.strip().lower()).domain
        return [locale_of(name.strip().lower()).domain for name in given]
    except UnknownLocaleError as error:
        raise typer.BadParameter(str(error)) from None


def _price_type(given: str | None) -> str | None:
    """Return the name of a price type that was typed in whatever case."""
    return None if given is None else _named(given).name


def _named(given: str) -> "PriceType":
    from keeper.domain.prices.types import UnknownPriceTypeError, price_type_of

    try:
        return price_type_of(given.strip().upper())
    except UnknownPriceTypeError as error:
        raise typer.BadParameter(str(error)) from None


def _watchable(given: str) -> str:
    """Return the name of a price type that may be watched from now on."""
    price_type = _named(given)
    if not price_type.is_price:
        raise typer.BadParameter(f"{price_type.name} is not a price; NEW and AMAZON are")
    if price_type.is_gone:
        raise typer.BadParameter(f"Keepa keeps no {price_type.name} prices any more; give another")
    return price_type.name


ProductArgument = Annotated[str, typer.Argument(help="An ASIN or an Amazon product URL.")]
TopicArgument = Annotated[str, typer.Argument(help="price-updates, deal-updates …")]

AlertOption = Annotated[
    list[str] | None,
    typer.Option(
        help='What else to alert for, like "back in stock" or "20% below 90-day average"; may be '
        'given several times, "none" for nothing. See: keeper watch rules.'
    ),
]
AllDomainsOption = Annotated[
    bool,
    typer.Option("--all-domains", help="In every locale where it is, instead of --domain."),
]
AnyDomainOption = Annotated[
    str | None, typer.Option(help=f"Locale: {_LOCALES}.", show_default="any", callback=domain_of)
]
DomainOption = Annotated[
    str | None,
    typer.Option(
        help=f"Locale: {_LOCALES}.", show_default="where it is watched, or us", callback=domain_of
    ),
]
"""The default is left to the command: keeper.cli.watches.products has the rule for products."""
DomainsOption = Annotated[
    list[str] | None,
    typer.Option("--domain", help=f"Only this locale: {_LOCALES}; repeatable.", callback=domain_of),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
FollowOption = Annotated[
    bool, typer.Option("--follow", help="Open short links (a.co, amzn.to, amzn.eu) at Amazon.")
]
GivenDomainOption = Annotated[str, typer.Option(help=f"Locale: {_LOCALES}.", callback=domain_of)]
GivenSinceOption = Annotated[
    datetime,
    typer.Option(
        help="Only of then or later: 2h, 7d, 2026-03-01 or 2026-03-01T12:00Z.",
        parser=since,
        metavar="WHEN",
    ),
]
GivenTypeOption = Annotated[
    str,
    typer.Option("--price-type", "--type", help="Price type: NEW, AMAZON …", callback=_price_type),
]
HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="An array of objects, for programs; docs/COMMANDS.md.")
]
LimitOption = Annotated[int, typer.Option("--limit", "--most", help="At most so many.", min=1)]
ShippingOption = Annotated[
    bool | None,
    typer.Option(
        "--with-shipping/--without-shipping",
        help="Whether prices count with shipping, where Keepa gives it apart (…_SHIPPING).",
    ),
]
SinceOption = Annotated[
    datetime | None,
    typer.Option(
        help="Only of then or later: 2h, 7d, 2026-03-01 or 2026-03-01T12:00Z.",
        parser=since,
        metavar="WHEN",
    ),
]
TypeOption = Annotated[
    str | None,
    typer.Option(
        "--price-type",
        "--type",
        help="Keepa's price type: NEW, AMAZON; dearer: BUY_BOX_SHIPPING, WAREHOUSE.",
        callback=_price_type,
    ),
]
UserOption = Annotated[
    str | None,
    typer.Option(help="Whose list, by e-mail address.", show_default="KEEPER_USER_EMAIL"),
]
WatchableTypeOption = Annotated[
    str,
    typer.Option(
        "--price-type",
        "--type",
        help="Price type to watch: NEW, AMAZON, BUY_BOX_SHIPPING …",
        callback=_watchable,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
