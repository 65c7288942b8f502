"""`keeper keepa plan` and `keeper keepa tokens`: what the tokens go to, before and after."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.moments import time_text
from keeper.cli.options import JsonOption, SinceOption
from keeper.cli.records import print_records, record_of
from keeper.cli.tables import print_table

if TYPE_CHECKING:
    from datetime import datetime

    from keeper.domain.tokens.balance import TokenReading
    from keeper.domain.tokens.plan import Candidate, TokenPlan
    from keeper.pipeline.runs.keepa_account import KeepaAccount
    from keeper.stores.postgres.connection import Connection


def plan(
    limit: Annotated[
        int, typer.Option("--limit", "--most", help="At most so many products; 0 for all.", min=0)
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Print what the next run would check, in order, and what it would cost.

    Asks Keepa for the balance, which is free, and spends nothing. When the tokens do not reach for
    all, each user's watch list gets the same share of them, and the products left for the next run
    are printed too.

    Example: keeper keepa plan --limit 50
    """
    from keeper.clock import utc_now
    from keeper.domain.naming import some_of
    from keeper.pipeline.prices.plan import plan_of
    from keeper.settings import load_settings

    settings = load_settings()
    policy, share = settings.runs.request_policy, settings.runs.token_reserve
    now = utc_now()
    with _account() as (connection, account):
        planned = plan_of(connection, account, at=now, policy=policy, reserve_share=share)
    if as_json:
        print_records(_records(planned, limit))
        return
    if not planned.now and not planned.later:
        typer.echo("Nothing is watched yet: keeper watch add ASIN --target 24.99")
        return
    _print_products("checked by the next run", planned.now, limit, now)
    if planned.later:
        _print_products("left for the run after it", planned.later, limit, now)
    typer.echo(_verdict(planned, now))
    if dear := settings.runs.not_brought:
        typer.echo(
            f"KEEPER_PRICE_TYPES has {some_of(dear)}: recorded of products that are watched in "
            "such a price type; KEEPER_LEAST_REQUEST asks for it of all."
        )


def tokens(
    hours: Annotated[float, typer.Option(help="How far back to count.", min=0.1)] = 24,
    since: SinceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print Keepa's token balance and what the tokens went to, by endpoint.

    "unsettled" tokens were reserved for requests whose reply never came; "elsewhere" is what went
    from the balance besides, spent by other programs on the same key.

    Example: keeper keepa tokens --since 7d
    """
    from datetime import timedelta

    from keeper.clock import utc_now

    now = utc_now()
    with _account() as (_, account):
        account.client.token_status()
        reading = account.ledger.reading()
        uses = account.ledger.spent_since(since or now - timedelta(hours=hours))
    if as_json:
        print_records(map(record_of, uses))
        return
    if reading is not None:
        typer.echo(
            f"{reading.left_at(now)} tokens left of at most {reading.cap}, "
            f"{reading.refill} more each minute{_reduction(reading)}"
        )
    if not uses:
        span = f"since {time_text(since)}" if since else f"in the last {hours:g} h"
        typer.echo(f"Nothing was asked for {span}.")
        return
    names = ("requests", "products", "estimated", "charged", "unsettled", "elsewhere")
    rows = [(use.endpoint, *(f"{getattr(use, name):,}" for name in names)) for use in uses]
    print_table(("endpoint", *names), rows, numbers=names)


@contextmanager
def _account() -> "Iterator[tuple[Connection, KeepaAccount]]":
    from keeper.pipeline.runs.keepa_account import keepa_account
    from keeper.pipeline.services.configuration import keepa_config, postgres_config
    from keeper.settings import load_settings
    from keeper.stores.postgres.connection import session

    settings = load_settings()
    with (
        session(postgres_config(settings)) as connection,
        keepa_account(keepa_config(settings), connection, None) as account,
    ):
        yield connection, account


def _print_products(
    title: str, products: "tuple[Candidate, ...]", limit: int, now: "datetime"
) -> None:
    rows = [
        (
            str(place),
            product.asin,
            product.domain,
            "never"
            if product.last_checked_at is None
            else f"{(now - product.last_checked_at).total_seconds() / 3600:.1f} h ago",
            "" if product.distance is None else f"{100 * product.distance:+.1f} %",
            str(product.changes),
            {1: "high", 0: "", -1: "low"}[product.priority],
            product.detail.label,
        )
        for place, product in enumerate(products[: limit or None], 1)
    ]
    numbers = ("", "last check", "above target", "changes in 30 days", "priority")
    columns = ("", "ASIN", "locale", *numbers[1:], "asks for")
    print_table(columns, rows, numbers=numbers, title=f"{len(products)} {title}")
    if limit and len(products) > limit:
        typer.echo(f"and {len(products) - limit} more: --limit 0")


def _records(plan: "TokenPlan", limit: int) -> "Iterator[dict[str, object]]":
    from keeper.domain.watches.watch import Priority

    for when, products in (("now", plan.now), ("later", plan.later)):
        for product in products[: limit or None]:
            rank = Priority(product.priority)
            yield {"checked": when, **record_of(product, without=["owners"]), "priority": rank}


def _verdict(plan: "TokenPlan", now: "datetime") -> str:
    said = plan.summary(now)
    if plan.reading is None:
        return said
    return (
        f"{said}. {plan.reserve} tokens are kept for products about to alert; "
        f"{plan.reading.refill} come each minute{_reduction(plan.reading)}."
    )


def _reduction(reading: "TokenReading") -> str:
    if not reading.flow_reduction:
        return ""
    return f" ({reading.refill_rate} less {reading.flow_reduction} for the key's trackings)"
