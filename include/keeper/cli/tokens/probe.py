"""`keeper keepa probe`: what Keepa really sends for a key, and what it takes for it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import DomainOption, ProductArgument, YesOption
from keeper.cli.records import harmless_json
from keeper.cli.tables import harmless, print_table
from keeper.cli.watches.products import product_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from keeper.domain.locales import Locale
    from keeper.pipeline.services.keepa_probe import ProbeResult

_LEAST_TOKENS: Final = 12
_NOTHING: Final = "-"


def probe(
    product: ProductArgument,
    domain: DomainOption = None,
    yes: YesOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of tables.")
    ] = False,
) -> None:
    """Ask Keepa for one product in four ways and print what each brings and costs.

    Plain, with rating=1, with buybox=1 and with offers=20: the price series that came, the tokens,
    when Keepa last looked, and what its statistics say of series that did not come. It costs 12 to
    18 tokens, which stand under "elsewhere" in keeper keepa tokens. It needs no database.

    Example: keeper keepa probe B07Z75ZRSL --domain de
    """
    from keeper.errors import KeeperError
    from keeper.pipeline.services.configuration import keepa_config
    from keeper.pipeline.services.keepa_probe import MOST_TOKENS, probe_product
    from keeper.settings import load_settings
    from keeper.sources.keepa.client import KeepaClient

    asin, locale, note = _address(product, domain)
    if note:
        typer.echo(harmless(note), err=True)
    config = keepa_config(load_settings())
    if not yes:
        typer.confirm(
            f"Ask {config.base_url} for {asin} on {locale.host} in four ways? It costs "
            f"{_LEAST_TOKENS} to {MOST_TOKENS} tokens.",
            abort=True,
            err=True,
        )
    results: list[ProbeResult] = []
    try:
        with KeepaClient(config) as client:
            results.extend(probe_product(client, locale, asin))
    except KeeperError:
        # What was paid for is shown.
        _print(results, asin, locale, config.source, as_json=as_json)
        raise
    _print(results, asin, locale, config.source, as_json=as_json)
    if not any(result.product for result in results):
        raise typer.Exit(1)


def _address(product: str, domain: str | None) -> "tuple[str, Locale, str | None]":
    from keeper.domain.locales import locale_of
    from keeper.pipeline.watches.meant import meant_for_adding

    try:
        # Without a database nobody's watches are known.
        meant = meant_for_adding(product_address(product), domain, (), ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return meant.asin, locale_of(meant.domains[0]), meant.note


def _print(
    results: "Sequence[ProbeResult]", asin: str, locale: "Locale", source: str, *, as_json: bool
) -> None:
    if as_json:
        import msgspec

        document = {"asin": asin, "domain": locale.domain, "source": source, "requests": results}
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
        typer.echo(harmless_json(text))
        return
    if not results:
        return
    if source != "keepa":
        typer.echo("The simulator answered, not Keepa: set KEEPA_API_KEY to see what a key brings.")
    names = [result.request for result in results]
    print_table(("", *names), _facts(results), wrap=names, title=f"{asin} on {locale.host}")
    if any(result.product for result in results):
        print_table(
            ("series", *names),
            _series(results),
            numbers=names,
            title="Points of each series; where none came, what stats.current has",
        )
    else:
        typer.echo(f"Keepa knows no product of {locale.host} called {asin}, or refused to say.")


def _facts(results: "Sequence[ProbeResult]") -> "list[tuple[str, ...]]":
    products = [result.product for result in results]
    return [
        ("tokensConsumed", *(_text(result.tokens_consumed) for result in results)),
        ("tokensLeft", *(_text(result.tokens_left) for result in results)),
        ("refillRate", *(_text(result.refill_rate) for result in results)),
        ("tokenFlowReduction", *(_text(result.flow_reduction) for result in results)),
        ("productType", *(_text(p and p.product_type) for p in products)),
        ("lastUpdate", *(_moment(p.last_update if p else None) for p in products)),
        ("lastRatingUpdate", *(_moment(p.last_rating_update if p else None) for p in products)),
        (
            "stats.lastBuyBoxUpdate",
            *(_moment(p.last_buy_box_update if p else None) for p in products),
        ),
        (
            "stats.lastOffersUpdate",
            *(_moment(p.last_offers_update if p else None) for p in products),
        ),
        ("offersSuccessful", *(_text(p and p.offers_successful) for p in products)),
        ("offers", *(_text(p and p.offers) for p in products)),
        ("refused", *(result.refusal or _NOTHING for result in results)),
    ]


def _series(results: "Sequence[ProbeResult]") -> "list[tuple[str, ...]]":
    rows: dict[int, dict[str, str]] = {}
    names: dict[int, str] = {}
    for result in results:
        for series in result.product.series if result.product else ():
            came = f"stats {series.current}" if series.points is None else f"{series.points:,}"
            rows.setdefault(series.index, {})[result.request] = came
            names[series.index] = f"{series.index} {series.name}".strip()
    return [
        (names[index], *(rows[index].get(result.request, _NOTHING) for result in results))
        for index in sorted(rows)
    ]


def _text(value: object) -> str:
    return _NOTHING if value is None else str(value)


def _moment(value: "datetime | None") -> str:
    return time_text(value, never=_NOTHING)
