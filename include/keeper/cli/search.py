"""`keeper search`: what Elasticsearch has."""

from typing import Annotated

import typer

from keeper.cli.tables import print_table

app = typer.Typer(help="What Elasticsearch has.", no_args_is_help=True)


@app.callback()
def search() -> None:
    """What Elasticsearch has."""


@app.command()
def query(
    words: Annotated[str, typer.Argument(help="Words of the title, or an ASIN.")],
    domain: Annotated[str | None, typer.Option(help="Only this locale: us uk de …")] = None,
    below: Annotated[
        float | None, typer.Option(min=0, help="Only cheaper than this, in the locale's currency.")
    ] = None,
    deals: Annotated[bool, typer.Option("--deals", help="Look among deals.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many products.")] = 20,
) -> None:
    """Print the newest indexed price, or deal, of products by the words of their titles.

    Example: keeper search query "mechanical keyboard" --domain de --below 80
    """
    from keeper.domain.locales import UnknownLocaleError, locale_of
    from keeper.pipeline.services import elasticsearch_config
    from keeper.settings import load_settings
    from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS
    from keeper.stores.elasticsearch.price_index import PRICES_ALIAS
    from keeper.stores.elasticsearch.product_search import find_products

    if domain is not None:
        try:
            locale_of(domain)
        except UnknownLocaleError as error:
            raise typer.BadParameter(str(error)) from None
    alias = DEALS_ALIAS if deals else PRICES_ALIAS
    with elasticsearch_config(load_settings()).client() as client:
        hits = find_products(client, alias, words, domain=domain, below=below, limit=limit)
    if not hits:
        typer.echo(f"Nothing indexed has {words!r} in its title.")
        return
    score = ("score",) if deals else ()
    print_table(
        ("title", "asin", "locale", "price type", "price", "since", *score),
        (
            (
                hit.title or "",
                hit.asin,
                hit.domain,
                hit.price_type,
                "no offer" if hit.price is None else f"{hit.price:,.2f} {hit.currency}",
                f"{hit.observed_at:%Y-%m-%d %H:%M}",
                *((f"{hit.score}",) if deals else ()),
            )
            for hit in hits
        ),
        numbers=("price", "score"),
    )
