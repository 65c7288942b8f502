"""`keeper simulate-keepa`: serve Keepa's protocol without Keepa."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keeper.cli.options import HostOption
from keeper.simulator.products.clock import ClockMode

if TYPE_CHECKING:
    from datetime import datetime

    from keeper.domain.locales import Locale


def simulate_keepa(
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8099,
    seed: Annotated[
        int, typer.Option(help="The same seed makes the same catalogue and chance.")
    ] = 1,
    products: Annotated[int, typer.Option(help="Size of the catalogue.", min=1)] = 2000,
    refill_rate: Annotated[int, typer.Option(help="Tokens a minute.", min=1)] = 20,
    clock: Annotated[
        ClockMode, typer.Option(help="Whether the catalogue's time passes.")
    ] = ClockMode.RUN,
    at: Annotated[
        str | None,
        typer.Option(
            help="Catalogue time to start at, ISO 8601, UTC unless it says otherwise; "
            "now if not given."
        ),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(help="Folder of real replies, served for the products they hold."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="API key to accept; `simulator` if none is given. Repeatable. "
            "`simulator-unpaid` is always known as one without a subscription."
        ),
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(help="JSON file with a list of faults to begin with."),
    ] = None,
    watch_list: Annotated[
        int | None,
        typer.Option(help="Print this many watches of the catalogue as CSV and end.", min=1),
    ] = None,
    locales: Annotated[
        str, typer.Option(help="Locales of the watches, separated by commas.")
    ] = "us,de,jp",
) -> None:
    r"""Serve Keepa's protocol over a made-up catalogue, for work without a Keepa key.

    Every reply says that it is simulated. GET /simulator/state shows the simulator's state,
    POST to /simulator/clock, /simulator/tokens and /simulator/faults changes it.

    Example: keeper simulate-keepa --seed 1 --clock hold --at 2026-11-01T12:00:00Z

    What to watch of it: keeper simulate-keepa --watch-list 300 --locales us,de,jp

    \b
    Faults are posted one by one or listed in a scenario file, such as
      [{"kind": "status", "status": 500, "share": 0.01},
       {"kind": "cut", "share": 0.005, "endpoint": "product"}]
    kind         what is wrong               fields of its own
    status       another HTTP status         status (500), charged (false)
    cut          half a body                 charged (true)
    not_json     an HTML page
    wrong_shape  lists and objects exchanged
    drop         products silently missing   asins
    offers_fail  no offers are collected     asins (all)
    duplicate    products twice in a reply
    slow         waits before it answers     delay_s (of every kind)
    trickle      the body in small pieces    seconds
    clock_skew   the envelope's time is off  hours
    revoke_key   the key becomes unknown     after (of every kind)
    A fault meets the next `count` requests (1) or, until it is cleared, the
    `share` of them that --seed decides; `endpoint` confines it, and `after`
    lets so many requests pass first. A clock skew and a revoked key last
    until they are cleared: DELETE /simulator/faults.
    """
    from keeper.simulator.api.control import parse_moment

    moment = parse_moment(at) if at else None
    if watch_list is not None:
        _print_watch_list(seed, products, _parse_locales(locales), watch_list, moment)
        return

    from keeper.settings import SIMULATOR_KEY
    from keeper.simulator.api.keepa_api import KeepaApi
    from keeper.simulator.api.recordings import Recordings
    from keeper.simulator.api.server import listen, serve
    from keeper.simulator.api.token_bucket import TokenBucket
    from keeper.simulator.faults.plan import FaultPlan, read_scenario
    from keeper.simulator.products.catalogue import Catalogue
    from keeper.simulator.products.clock import CatalogueClock

    faults = FaultPlan(seed)
    for fault in read_scenario(scenario) if scenario else []:
        faults.add(fault)
    api = KeepaApi(
        catalogue=Catalogue(seed, products),
        clock=CatalogueClock(clock, moment),
        bucket=TokenBucket(refill_rate),
        keys=frozenset(key or [SIMULATOR_KEY]),
        recordings=Recordings(recordings),
        faults=faults,
    )
    with listen(host, port) as listener:
        typer.echo(
            f"Keepa simulator on http://{host}:{listener.getsockname()[1]}: {products} products "
            f"of seed {seed}, catalogue time {api.clock.now():%Y-%m-%d %H:%M} UTC ({clock})"
        )
        sys.stdout.flush()
        serve(api, listener)


def _parse_locales(text: str) -> "list[Locale]":
    from keeper.domain.locales import UnknownLocaleError, locale_of

    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if not names:
        raise typer.BadParameter("--locales names no locale")
    try:
        return [locale_of(name) for name in dict.fromkeys(names)]
    except UnknownLocaleError as error:
        raise typer.BadParameter(str(error)) from None


def _print_watch_list(
    seed: int, products: int, locales: "list[Locale]", count: int, at: "datetime | None"
) -> None:
    from keeper.clock import utc_now
    from keeper.simulator.products.catalogue import SuggestedWatch, watch_list

    rows = watch_list(seed, products, locales, count, at or utc_now())
    writer = csv.writer(sys.stdout, lineterminator="\n")
    # Watches that were paused meanwhile are active again.
    writer.writerow((*SuggestedWatch._fields, "status"))
    writer.writerows((*row, "ACTIVE") for row in rows)
