"""A watch of any price type gets its alert, for the tokens its request costs and no more."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.intervals import Interval
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.points import to_keepa_minutes
from keeper.domain.prices.types import PRICE_TYPES, PriceType, price_type_of
from keeper.domain.product_kinds import ProductKind
from keeper.domain.watches.watch import Watch
from keeper.pipeline.prices.backfill import preview_backfill
from keeper.stores.postgres.messages.notices import list_notices
from keeper.stores.postgres.watches.watch_list import list_watches, save_watches, watched_products
from tests.keepa_simulator import AT, Simulator
from tests.price_runs import EVERY_SIX_HOURS, Run

USER = "reader@example.org"
LIVING = [p for p in PRICE_TYPES if p.is_price and not p.is_gone]
MINUTE = to_keepa_minutes(AT)
WEEK = 7 * 24 * 60
PRICE = 1999


def asin_of(price_type: PriceType) -> str:
    return f"B0TEST{price_type.index:04d}"


def record(
    folder: Path, asin: str, *, offers: int = 12, minute: int = MINUTE, **changes: Any
) -> None:
    """Make a recording that holds every series, as Keepa gives one that is asked for with offers.

    Args:
        folder: Where recordings are.
        asin: The product.
        offers: How many new offers it has.
        minute: When it was seen.
        changes: Other fields of the product.
    """
    csv: list[list[int] | None] = []
    for price_type in PRICE_TYPES:
        if price_type.is_gone:
            csv.append(None)
            continue
        shipping = [0] if price_type.has_shipping else []
        csv.append([minute - WEEK, 2999, *shipping, minute - 60, PRICE, *shipping])
        if price_type.name.startswith("COUNT_"):
            csv[-1] = [minute - WEEK, offers if price_type.name == "COUNT_NEW" else 0]
    product = {
        "asin": asin,
        "domainId": 1,
        "title": f"Keyboard {asin}",
        "productType": 0,
        "csv": csv,
        "lastUpdate": minute,
        "trackingSince": minute - WEEK,
        "offersSuccessful": True,
        "stats": {"current": [-1] * len(PRICE_TYPES), "lastOffersUpdate": minute - 120},
    }
    folder.mkdir(exist_ok=True)
    (folder / f"product_{asin}_{minute}.json").write_text(json.dumps(product | changes))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


def ledger(run: Run) -> dict[str, tuple[int, int]]:
    """Return how many products were asked for with each detail, and what they were charged."""
    rows = run.connection.execute(
        "SELECT detail, sum(products)::int AS products, sum(tokens_charged)::int AS tokens"
        " FROM token_ledger WHERE endpoint = 'product' GROUP BY detail"
    ).fetchall()
    return {row["detail"]: (row["products"], row["tokens"]) for row in rows}


def test_every_living_price_type_alerts_for_the_price_of_its_request(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    assert len(LIVING) == 25
    for price_type in LIVING:
        record(recordings, asin_of(price_type))
    watches = [Watch(asin_of(p), "us", p.name, PRICE) for p in LIVING]
    save_watches(run.connection, USER, watches)

    keepa = simulate(recordings=recordings, refill_rate=100)
    with run.account(keepa) as account:
        assert run.plan(account) == 25
        run.fetch(account.client)
    checked = run.check()
    run.load()

    alerted = run.connection.execute("SELECT price_type, price_minor FROM price_alerts").fetchall()
    assert sorted((row["price_type"], row["price_minor"]) for row in alerted) == sorted(
        (p.name, PRICE) for p in LIVING
    )
    # Twelve offers are two pages of six tokens.
    assert ledger(run) == {"basic": (10, 10), "buy_box": (1, 3), "offers": (14, 14 * 12)}
    assert (checked.not_asked, checked.series_undelivered, checked.without_history) == (0, 0, 0)
    assert all(one.last_checked_at is not None for one in list_watches(run.connection, USER))


def test_a_plain_reply_says_nothing_of_what_was_not_asked_for(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    dear = price_type_of("WAREHOUSE")
    record(recordings, asin_of(dear))
    save_watches(run.connection, USER, [Watch(asin_of(dear), "us", dear.name, PRICE)])
    run.plan()
    # As a batch planned before requests had details, or a reply of somebody else's request.
    run.batches[:] = [replace(batch, detail=Detail.BASIC) for batch in run.batches]
    run.fetch(simulate(recordings=recordings).client())

    checked = run.check()

    assert (checked.not_asked, checked.events, checked.without_history) == (1, 0, 0)
    (watched,) = list_watches(run.connection, USER)
    assert watched.last_checked_at is None


def test_offers_keepa_could_not_fetch_are_no_check_and_the_rest_is_one(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    asin = "B0TEST0001"
    record(recordings, asin, offersSuccessful=False)
    watches = [Watch(asin, "us", name, PRICE) for name in ("NEW", "WAREHOUSE")]
    save_watches(run.connection, USER, watches)
    run.plan()
    run.fetch(simulate(recordings=recordings).client())

    checked = run.check()
    run.load()

    assert (checked.series_undelivered, checked.events) == (1, 1)
    watched = {w.watch.price_type: w for w in list_watches(run.connection, USER)}
    assert watched["NEW"].last_checked_at is not None
    assert watched["WAREHOUSE"].last_checked_at is None
    assert watched["WAREHOUSE"].price_minor is None
    # What was asked for in vain is no more urgent than what was checked.
    (planned,) = EVERY_SIX_HOURS.candidates(watched_products(run.connection, at=AT), at=AT)
    assert planned.last_checked_at is not None


def test_a_price_type_keepa_has_never_had_counts_as_checked(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    asin = "B0TEST0001"
    record(recordings, asin)
    path = next(recordings.iterdir())
    product = json.loads(path.read_bytes())
    product["csv"][price_type_of("WAREHOUSE").index] = None
    path.write_text(json.dumps(product))
    save_watches(run.connection, USER, [Watch(asin, "us", "WAREHOUSE", PRICE)])
    run.plan()
    run.fetch(simulate(recordings=recordings).client())

    assert run.check().without_history == 1
    (watched,) = list_watches(run.connection, USER)
    assert watched.last_checked_at is not None


def test_an_entry_that_cannot_be_read_costs_only_itself(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    newest_lost, older_lost = "B0TEST0001", "B0TEST0002"
    for asin, place in ((newest_lost, 4), (older_lost, 0)):
        record(recordings, asin)
        path = recordings / f"product_{asin}_{MINUTE}.json"
        product = json.loads(path.read_bytes())
        series = [MINUTE - WEEK, 2999, MINUTE - 600, 2499, MINUTE - 60, PRICE]
        series[place] = -5
        product["csv"][price_type_of("NEW").index] = series
        path.write_text(json.dumps(product))
    watches = [Watch(asin, "us", "NEW", PRICE) for asin in (newest_lost, older_lost)]
    save_watches(run.connection, USER, watches)
    run.plan()
    run.fetch(simulate(recordings=recordings).client())

    checked = run.check()
    run.load()

    assert (checked.series_unreadable, checked.quarantined) == (1, 1)
    # An old mistake comes again with every reply, and must not fail every run.
    assert checked.history_quarantined == 1
    watched = {w.watch.asin: w for w in list_watches(run.connection, USER)}
    assert watched[newest_lost].last_checked_at is None
    assert watched[older_lost].price_minor == PRICE
    kept = run.connection.execute(
        "SELECT asin, price_type, expectation FROM quarantined_records ORDER BY asin"
    ).fetchall()
    assert [tuple(row.values()) for row in kept] == [
        (newest_lost, "NEW", "can_be_read"),
        (older_lost, "NEW", "can_be_read"),
    ]


def test_what_keepa_does_not_know_is_named_to_its_owner_and_asked_for_once_a_day(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    save_watches(run.connection, USER, [Watch("HEADPHONES", "us", "NEW", PRICE)])
    keepa = simulate(recordings=recordings)
    runs = []
    for number in range(3):
        this = replace(run, run_id=f"run {number}", batches=[])
        this.plan()
        this.fetch(keepa.client())
        this.check()
        runs.append([batch.update_h for batch in this.batches])

    # Twice as any other; then not before a day has gone by.
    assert runs == [[None], [None], []]
    (watched,) = list_watches(run.connection, USER)
    assert watched.kind is ProductKind.NOT_FOUND
    (notice,) = list_notices(run.connection, with_resolved=False, most=10)
    assert "no prices of HEADPHONES (amazon.com): Keepa knows no such product" in notice.subject

    run.connection.execute("UPDATE product_kinds SET asked_at = %s", (AT - timedelta(days=1),))
    later = replace(run, run_id="a day later", batches=[])
    later.plan()
    with run.account(keepa) as account:
        assert later.fetch(account.client).tokens == 0
    assert [batch.update_h for batch in later.batches] == [-1]

    record(recordings, "HEADPHONES")
    known = simulate(recordings=recordings)
    later.folder(0).drop_pages()
    later.fetch(known.client())
    later.check()
    (watched,) = list_watches(run.connection, USER)
    assert watched.kind is ProductKind.STANDARD
    assert list_notices(run.connection, with_resolved=False, most=10) == []


def test_a_parent_names_its_variations_and_is_asked_for_the_least(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    asin = "B0TESTPRNT"
    variations = [{"asin": f"B0TEST00{number:02d}", "attributes": []} for number in range(12)]
    record(recordings, asin, productType=5, csv=None, variations=variations)
    save_watches(run.connection, USER, [Watch(asin, "us", "WAREHOUSE", PRICE)])
    keepa = simulate(recordings=recordings)
    run.plan()
    run.fetch(keepa.client())
    run.check()

    (watched,) = list_watches(run.connection, USER)
    assert watched.kind is ProductKind.PARENT
    assert watched.variations[:2] == ("B0TEST0000", "B0TEST0001")
    (notice,) = list_notices(run.connection, with_resolved=False, most=10)
    assert "a parent of 12 variations: watch one of them (B0TEST0000" in notice.subject

    again = replace(run, run_id="again", batches=[])
    again.plan()
    assert [batch.detail for batch in again.batches] == [Detail.BASIC]
    again.fetch(keepa.client())
    # Keepa has nothing to give, which is an answer.
    assert again.check().without_history == 1
    interval = Interval(AT - timedelta(days=9), AT)
    preview = preview_backfill(
        run.connection, source="simulator", batch_products=10, interval=interval, at=AT
    )
    assert preview.startswith("0 products in 0 batches")


def test_offers_are_asked_for_as_rarely_as_is_set(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    asin = "B0TEST0001"
    record(recordings, asin)
    watches = [Watch(asin, "us", name, PRICE) for name in ("NEW", "WAREHOUSE")]
    save_watches(run.connection, USER, watches)
    checked_at = AT - timedelta(hours=6)
    run.connection.execute("UPDATE watched_products SET last_checked_at = %s", (checked_at,))
    daily = replace(
        run, policy=replace(EVERY_SIX_HOURS, offers_interval=timedelta(hours=24)), batches=[]
    )

    daily.plan()
    daily.fetch(simulate(recordings=recordings).client())
    checked = daily.check()

    assert [batch.detail for batch in daily.batches] == [Detail.BASIC]
    # What was left out on purpose is not reported as missing.
    assert (checked.events, checked.not_asked) == (1, 0)


def test_the_price_of_offers_is_learnt_from_what_was_charged(
    run: Run, simulate: Callable[..., Simulator], recordings: Path
) -> None:
    asins = [f"B0TEST{number:04d}" for number in range(20)]
    for asin in asins:
        record(recordings, asin, offers=3)
    save_watches(run.connection, USER, [Watch(asin, "us", "WAREHOUSE", None) for asin in asins])
    keepa = simulate(recordings=recordings, refill_rate=100)
    with run.account(keepa) as account:
        run.plan(account)
        assert run.batches[0].tokens_each == 7
        run.fetch(account.client)
    again = replace(run, run_id="again", batches=[])
    with run.account(keepa) as account:
        again.plan(account)

    assert again.batches[0].tokens_each == 6

    # Offers that fail cost nothing, which says nothing of the price.
    keepa.post("faults", {"kind": "offers_fail"})
    failing = again
    for number in range(12):
        failing = replace(run, run_id=f"failing {number}", batches=[])
        with run.account(keepa) as account:
            failing.plan(account)
            failing.fetch(account.client)
    assert failing.batches[0].tokens_each == 6
    row = run.connection.execute(
        "SELECT tokens_estimated FROM pipeline_runs WHERE run_id = 'again'"
    ).fetchone()
    assert row == {"tokens_estimated": 120}
