"""Commands of the watch list."""

from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import (
    AlertOption,
    DomainOption,
    FollowOption,
    ProductArgument,
    ShippingOption,
    TypeOption,
    UserOption,
)
from keeper.cli.session import database, user_address
from keeper.cli.watches.products import product_or_short_link, product_to_add
from keeper.cli.watches.texts import cost_sentences, sentences, shipping_word

if TYPE_CHECKING:
    from keeper.domain.watches.watch import Watch

app = typer.Typer(help="The watch list: what is checked, and at what price to alert.")


@app.command()
def add(
    product: ProductArgument,
    target: Annotated[
        str | None,
        typer.Option(help='Alert at or below this price, like 24.99 or 24,99; "none" for none.'),
    ] = None,
    domain: DomainOption = None,
    price_type: TypeOption = None,
    priority: Annotated[
        str | None,
        typer.Option(help="high, normal or low: what is checked first when tokens are short."),
    ] = None,
    alert: AlertOption = None,
    with_shipping: ShippingOption = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(help='A word of your own to sort watches by; repeatable, "none" for none.'),
    ] = None,
    follow: FollowOption = False,
    user: UserOption = None,
) -> None:
    """Watch a product; adding it again changes what is given and leaves the rest as it is.

    A bare ASIN means the locale in which you watch it already, us if there is none; if there are
    several, the command asks for --domain.

    Example: keeper watch add https://www.amazon.de/dp/B00EXAMPLE --target 24.99
    --alert "20% below 90-day average" --alert "lowest ever and below 40"
    """
    from keeper.pipeline.watches.short_links import follow_short_link
    from keeper.pipeline.watches.typed import read_watch
    from keeper.stores.postgres.watches.watch_list import save_watches

    address, email = product_or_short_link(product), user_address(user)
    with database() as connection:
        meant = product_to_add(connection, email, address, domain) if address else None
        try:
            typed = read_watch(
                product,
                domain=meant.domains[0] if meant else domain,
                price_type=price_type,
                target=target,
                priority=priority,
                rules="; ".join(alert or ()),
                with_shipping=shipping_word(with_shipping),
                tags=", ".join(tag or ()),
                follow=follow_short_link if follow else None,
            )
            (saved,) = save_watches(connection, email, [typed.watch])
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    if isinstance(saved, ValueError):
        raise typer.BadParameter(str(saved))
    watch = saved.change.after
    typer.echo(f"{saved.outcome}: {watch.asin} {watch.domain} {watch.price_type}")
    notes = [meant.note if meant else None, f"{typed.note}." if typed.note else None]
    stays = [f"It stays paused: keeper watch resume {watch.asin}"] if _is_paused(watch) else []
    for line in (
        *filter(None, notes),
        *saved.change.differences(),
        *sentences(watch),
        *stays,
        *cost_sentences([watch]),
    ):
        typer.echo(f"  {line}")


def _is_paused(watch: "Watch") -> bool:
    from keeper.domain.watches.watch import WatchStatus

    return watch.status is WatchStatus.PAUSED
