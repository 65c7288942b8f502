"""Options and arguments that several commands take, each declared once.

What only one command takes, or words in its own way, stands with that command.
"""

from typing import Annotated, Final

import typer

from keeper.domain.locales import LOCALES

_LOCALES: Final = " ".join(locale.domain for locale in LOCALES)

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
    str | None, typer.Option(help=f"Locale: {_LOCALES}.", show_default="any")
]
DomainOption = Annotated[str | None, typer.Option(help=f"Locale: {_LOCALES}.", show_default="us")]
"""The default is left to the command: a product's URL may say another locale."""
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
FollowOption = Annotated[
    bool, typer.Option("--follow", help="Open short links (a.co, amzn.to, amzn.eu) at Amazon.")
]
GivenDomainOption = Annotated[str, typer.Option(help=f"Locale: {_LOCALES}.")]
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
    typer.Option(help="Keepa's price type: NEW, AMAZON; dearer: BUY_BOX_SHIPPING, WAREHOUSE."),
]
UserOption = Annotated[
    str | None,
    typer.Option(help="Whose list, by e-mail address.", show_default="KEEPER_USER_EMAIL"),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
