"""A price run's steps, one after the other, on real parts and the simulator, without Airflow."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.locales import locale_of_keepa_id
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.types import PRICE_TYPES, price_type_of
from keeper.domain.tokens.candidates import RequestPolicy
from keeper.domain.watches.watch import Watch
from keeper.sources.keepa.errors import (
    KeepaKeyRejectedError,
    KeepaReplyError,
    TokensExhaustedError,
)
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.keepa_simulator import Simulator, watch_list
from tests.price_runs import Run

USER = "reader@example.org"
ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = Path(os.environ.get("KEEPER_RECORDINGS", ROOT.parent / "shared" / "recordings"))
ALL_PRICES = tuple(p.name for p in PRICE_TYPES if p.is_price)

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="Keepa's recorded replies are not part of the project"
)


def naive_current_prices(product: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """Read a recorded product's newest points the plain way."""
    locale = locale_of_keepa_id(product["domainId"])
    for price_type, series in zip(PRICE_TYPES, product["csv"], strict=False):
        if series is None or not price_type.is_price:
            continue
        width = 3 if price_type.has_shipping else 2
        minute, price, *shipping = series[-width:]
        sold_out = price < 0
        yield (
            product["asin"],
            locale.domain,
            price_type.name,
            datetime.fromtimestamp((minute + 21_564_000) * 60, tz=UTC),
            None if sold_out else price,
            None if sold_out or not shipping else max(shipping[0], 0),
        )


@needs_recordings
def test_postgres_holds_exactly_the_current_prices_of_recorded_products(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    snapshots: dict[str, tuple[int, dict[str, Any]]] = {}
    for file in sorted(RECORDINGS.glob("product_*.json")):
        minute = int(file.stem.rpartition("_")[2])
        product = json.loads(file.read_bytes())
        if minute > snapshots.get(product["asin"], (0, {}))[0]:
            snapshots[product["asin"]] = (minute, product)
    assert len(snapshots) >= 6
    save_watches(run.connection, USER, [Watch(asin, "us", "NEW", None) for asin in snapshots])
    # Recorded with offers, they show only with offers all that they hold.
    everything = RequestPolicy(timedelta(hours=6), least=Detail.OFFERS)
    run = replace(run, policy=everything)

    run.plan()
    run.fetch(simulate(recordings=RECORDINGS).client())
    checked = run.check(ALL_PRICES)
    run.load()

    rows = run.connection.execute(
        "SELECT asin, domain, price_type, observed_at, price_minor, shipping_minor"
        " FROM current_prices"
    ).fetchall()
    expected = {row for _, product in snapshots.values() for row in naive_current_prices(product)}
    assert checked.quarantined == 0
    assert {tuple(row.values()) for row in rows} == expected


def test_a_run_costs_one_token_a_basic_product_and_its_repetition_changes_nothing(
    run: Run, simulate: Callable[..., Simulator], tmp_path: Path
) -> None:
    watches = [replace(watch, price_type="NEW") for watch in watch_list(120)]
    save_watches(run.connection, USER, watches)
    keepa = simulate()

    assert run.plan() == 120
    assert run.fetch(keepa.client()).tokens == 120
    first = run.check()
    assert (first.products, first.missing, first.quarantined) == (120, 0, 0)
    assert run.load() == first.events
    counts = "SELECT (SELECT count(*) FROM price_history), (SELECT count(*) FROM price_alerts)"
    before = run.connection.execute(counts).fetchone()
    assert before is not None
    assert before["count"] > 0

    again = Run(run.connection, run.database, run.kafka, run.topic, tmp_path / "lake", "second")
    again.plan()
    again.fetch(keepa.client())
    again.check()
    again.load()

    assert run.connection.execute(counts).fetchone() == before


def test_an_empty_watch_list_makes_no_batches(run: Run) -> None:
    assert run.plan() == 0


def test_an_unknown_asin_is_counted_as_missing_and_costs_its_neighbours_nothing(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    known = watch_list(5)
    save_watches(run.connection, USER, [*known, Watch("ZZZZZZZZZZ", known[0].domain, "NEW", 100)])
    run.plan()
    run.fetch(simulate().client())

    checked = run.check()

    assert (checked.products, checked.missing) == (5, 1)


def test_a_locale_keepa_lacks_is_left_out_of_the_plan(run: Run) -> None:
    save_watches(run.connection, USER, [Watch("B000000001", "us", "NEW", 1)])
    run.connection.execute("UPDATE watched_products SET domain = 'nl'")

    assert run.plan() == 0


def test_a_wrong_key_fails_for_good_and_is_not_shown(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    save_watches(run.connection, USER, watch_list(3))
    run.plan()

    with pytest.raises(KeepaKeyRejectedError) as caught:
        run.fetch(simulate().client("not-the-key-of-anyone"))

    assert "not-the-key" not in str(caught.value)


def test_without_tokens_what_is_paid_for_stays_and_a_retry_goes_on(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    save_watches(run.connection, USER, [replace(w, price_type="NEW") for w in watch_list(250)])
    keepa = simulate()
    run.plan()
    keepa.post("tokens", {"left": 1})
    with keepa.client() as client, pytest.raises(TokensExhaustedError):
        run.fetch(client)
    paid = run.folder(0).pages()
    assert len(paid) == 1

    keepa.post("tokens", {"left": 1000})
    fetched = run.fetch(keepa.client())

    assert run.folder(0).pages()[: len(paid)] == paid
    assert (fetched.asked, fetched.tokens) == (250, 250)
    assert run.check().products == 250


@pytest.mark.parametrize("fault", ["cut", "not_json"])
def test_a_damaged_reply_is_an_error_and_the_retry_succeeds(
    run: Run, simulate: Callable[..., Simulator], fault: str
) -> None:
    save_watches(run.connection, USER, [replace(w, price_type="NEW") for w in watch_list(10)])
    keepa = simulate()
    run.plan()
    keepa.post("faults", {"count": 2, "kind": fault})
    with keepa.client() as client, pytest.raises(KeepaReplyError):
        run.fetch(client)

    assert run.fetch(keepa.client()).asked == 10


def test_series_without_history_are_counted_and_published_as_nothing(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    (watch,) = watch_list(1)
    never = Watch(watch.asin, watch.domain, price_type_of("TRADE_IN").name, 100)
    save_watches(run.connection, USER, [never])
    run.plan()
    run.fetch(simulate().client())

    checked = run.check()

    assert (checked.products, checked.without_history, checked.events) == (1, 1, 0)
