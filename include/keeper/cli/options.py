"""Options and arguments that several commands take, each declared once.

What only one command takes, or words in its own way, stands with that command.
"""

from typing import Annotated, Final

import typer

from keeper.domain.locales import LOCALES, UnknownLocaleError, locale_of

_LOCALES: Final = " ".join(locale.domain for locale in LOCALES)


def _domain(given: str | None) -> str | None:
    """Return the name of a locale that was typed in whatever case."""
    if given is None:
        return None
    try:
        return locale_of(given.strip().lower()).domain
    except UnknownLocaleError as error:
        raise typer.BadParameter(str(error)) from None


def _price_type(given: str | None) -> str | None:
    """Return the name of a price type that was typed in whatever case."""
    from keeper.domain.prices.types import UnknownPriceTypeError, price_type_of

    if given is None:
        return None
    try:
        return price_type_of(given.strip().upper()).name
    except UnknownPriceTypeError as error:
        raise typer.BadParameter(str(error)) from None


ProductArgument = Annotated[str, typer.Argument(help="An ASIN or an Amazon product URL.")]
TopicArgument = Annotated[str, typer.Argument(help="price-updates, deal-updates …")]

AlertOption = Annotated[
    list[str] | None,
    typer.Option(
        help='What else to alert for, like "back in stock" or "20% below 90-day average"; may be '
        'given several times, "none" for nothing. See: keeper watch rules.'
    ),
]
AnyDomainOption = Annotated[
    str | None, typer.Option(help=f"Locale: {_LOCALES}.", show_default="any", callback=_domain)
]
DomainOption = Annotated[
    str | None, typer.Option(help=f"Locale: {_LOCALES}.", show_default="us", callback=_domain)
]
"""The default is left to the command: a product's URL may say another locale."""
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
FollowOption = Annotated[
    bool, typer.Option("--follow", help="Open short links (a.co, amzn.to, amzn.eu) at Amazon.")
]
GivenDomainOption = Annotated[str, typer.Option(help=f"Locale: {_LOCALES}.", callback=_domain)]
HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
MostOption = Annotated[int, typer.Option(help="How many, the newest first.", min=1)]
ShippingOption = Annotated[
    bool | None,
    typer.Option(
        "--with-shipping/--without-shipping",
        help="Whether prices count with shipping, where Keepa gives it apart (…_SHIPPING).",
    ),
]
SinceOption = Annotated[
    str | None, typer.Option(help="Only published then or later: 2h, 7d, 2026-03-01, …T12:00Z.")
]
TypeOption = Annotated[
    str | None,
    typer.Option(
        help="Keepa's price type: NEW, AMAZON; dearer: BUY_BOX_SHIPPING, WAREHOUSE.",
        callback=_price_type,
    ),
]
UserOption = Annotated[
    str | None,
    typer.Option(help="Whose list, by e-mail address.", show_default="KEEPER_USER_EMAIL"),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
