"""A deal run's steps, one after the other, on real parts and the simulator, without Airflow."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from keeper.domain.deals.deal import DealFilter
from keeper.domain.deals.events import DealEvent
from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.pipeline.deals.fetch import DealFetchResult, fetch_deals, renew_filter
from keeper.pipeline.deals.plan import PlannedFilter, plan_deals
from keeper.pipeline.deals.validate import DealCheckResult, validate_deals
from keeper.pipeline.prices.publish import publish_batch
from keeper.pipeline.runs.finish import BatchReports, RunFailedError, summarise_run
from keeper.pipeline.runs.keepa_account import account_of
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.deals import requests as deal_requests
from keeper.sources.keepa.deals.requests import DealFilterRejectedError
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.deals.filters import list_filters, save_filter, set_filter_status
from keeper.stores.postgres.tokens.ledger import TokenLedger
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.codec import LatestCheck, decode_deal_event
from keeper.streams.config import KafkaConfig
from tests.keepa_simulator import AT, Simulator
from tests.lake_pages import add_page
from tests.stored_prices import store_current_price, store_history

DROPS = DealFilter("drops", "us", "NEW", {"deltaPercentRange": [10, 90], "dateRange": 3})
WEEK = DealFilter("a week of the buy box", "de", "BUY_BOX_SHIPPING", {"dateRange": 1})
OWNER = "reader@example.org"


@dataclass(frozen=True)
class Run:
    """A run of `collect_deals`."""

    connection: Connection
    kafka: KafkaConfig
    topic: str
    lake: Path
    name: str = "collect_deals/manual__2026-03-01T00:00:00+00:00"

    def plan(self, max_tokens: int = 200) -> list[PlannedFilter]:
        return plan_deals(
            self.connection,
            self.lake,
            run=self.name,
            dag_id="collect_deals",
            source="simulator",
            max_tokens=max_tokens,
            started_at=AT,
        )

    def folder(self, batch: int) -> DealFolder:
        return DealFolder.of(self.lake, self.name, batch)

    def fetch(self, part: PlannedFilter, keepa: Simulator) -> DealFetchResult:
        config = keepa.config()
        ledger = TokenLedger(self.connection, account=account_of(config), run=self.name)
        with KeepaClient(config, budget=ledger, clock=lambda: AT) as client:
            return fetch_deals(
                self.folder(part.batch), self.connection, client, max_tokens=part.tokens
            )

    def check(self, batch: int) -> DealCheckResult:
        return validate_deals(
            self.folder(batch), self.connection, run_id=self.name, batch=batch, source="simulator"
        )

    def publish(self, batch: int) -> int:
        return publish_batch(self.folder(batch), self.kafka, topic=self.topic).events


@pytest.fixture
def run(connection: Connection, kafka: KafkaConfig, topic: str, tmp_path: Path) -> Run:
    return Run(connection, kafka, topic, tmp_path / "lake")


def events(run: Run, number: int) -> list[DealEvent]:
    """Read as many messages of the run's topic."""
    settings = {"group.id": f"read-{run.topic}", "auto.offset.reset": "earliest"}
    consumer = Consumer(run.kafka.for_client(settings))
    consumer.subscribe([run.topic])
    try:
        messages = consumer.consume(number, timeout=30)
    finally:
        consumer.close()
    assert [message.error() for message in messages] == [None] * number
    return [decode_deal_event(message.value(), LatestCheck(lambda: AT)) for message in messages]


def test_a_filter_that_was_mended_since_the_plan_is_searched_with_as_it_is_now(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    """Keepa had refused it: its task is cleared once its user has changed or paused it."""
    save_filter(run.connection, OWNER, DROPS)
    (part,) = run.plan()
    run.fetch(part, simulate())
    folder = run.folder(part.batch)

    assert renew_filter(folder, run.connection)
    assert folder.pages()
    save_filter(run.connection, OWNER, replace(DROPS, min_score=60))
    assert renew_filter(folder, run.connection)
    assert (folder.read_filter().min_score, len(folder.pages())) == (60, 1)
    save_filter(run.connection, OWNER, replace(DROPS, selection={"deltaPercentRange": [20, 90]}))
    assert renew_filter(folder, run.connection)
    assert folder.pages() == []
    set_filter_status(run.connection, OWNER, DROPS.name, WatchStatus.PAUSED)
    assert not renew_filter(folder, run.connection)


def test_saved_filters_become_scored_deals_on_the_topic(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    for found_by in (DROPS, WEEK):
        save_filter(run.connection, OWNER, found_by)
    keepa = simulate()
    total = 0
    for part in run.plan():
        fetched = run.fetch(part, keepa)
        checked = run.check(part.batch)
        assert fetched.complete
        assert fetched.tokens <= part.tokens == 100
        assert fetched.deals == checked.products == checked.events > 0
        assert (checked.missing, checked.unreadable, checked.quarantined) == (0, 0, 0)
        assert 0 < checked.with_history <= fetched.histories
        total += run.publish(part.batch)

    found = events(run, total)

    assert {event.filter for event in found} == {DROPS.name, WEEK.name}
    assert len({event.event_id for event in found}) == total
    assert {(event.domain, event.currency) for event in found} == {("us", "USD"), ("de", "EUR")}
    assert {event.source for event in found} == {"simulator"}
    assert {event.run_id for event in found} == {run.name}
    assert all(event.reasons and event.price_minor for event in found)
    assert max(event.score for event in found) > 50
    assert min(event.score for event in found) < 20
    spent = run.connection.execute(
        "SELECT endpoint, sum(tokens_charged) AS tokens FROM token_ledger GROUP BY endpoint"
    ).fetchall()
    assert {row["endpoint"] for row in spent} == {"deal", "product"}


def test_the_same_deal_in_the_next_run_is_the_same_event(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    save_filter(run.connection, OWNER, DROPS)
    keepa = simulate()
    ids = []
    for name in ("collect_deals/first", "collect_deals/second"):
        again = replace(run, name=name)
        (part,) = again.plan()
        again.fetch(part, keepa)
        again.check(part.batch)
        ids.append(
            [json.loads(value)["event_id"] for _, value in again.folder(part.batch).read_messages()]
        )

    assert ids[0] == ids[1] != []


def test_a_rejected_filter_is_named_and_the_others_deals_are_published(
    run: Run, simulate: Callable[..., Simulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    for found_by in (DROPS, replace(DROPS, name="broken", selection={"minRating": "high"})):
        save_filter(run.connection, OWNER, found_by)
    # What Keepa refuses and Keeper does not know of yet.
    monkeypatch.setattr(deal_requests, "validate_selection", lambda selection: None)
    keepa = simulate()
    planned = run.plan()
    reports = BatchReports(len(planned), [], [], [], lost=["broken"])
    for part in planned:
        if part.label == "broken":
            with pytest.raises(
                DealFilterRejectedError, match=r"deal filter 'broken', field `minRating`"
            ):
                run.fetch(part, keepa)
        else:
            run.fetch(part, keepa)
            checked = run.check(part.batch)
            published = {"batch": part.batch, "events": run.publish(part.batch)}
            reports = replace(
                reports,
                checked=[{"products": checked.products, "checked": checked.checked}],
                published=[published],
            )

    with pytest.raises(RunFailedError, match=r"1 of 2 batches were not published \(broken\)"):
        summarise_run(
            run.connection,
            reports,
            run_id=run.name,
            max_quarantine_share=0.05,
            unfinished=[],
            finished_at=AT,
        )

    row = run.connection.execute("SELECT * FROM pipeline_runs").fetchone()
    assert row is not None
    assert (row["state"], row["dag_id"]) == ("FAILED", "collect_deals")
    assert row["events_published"] > 0
    assert row["tokens_spent"] > 5
    problems = {saved.filter.name: saved.problem for saved in list_filters(run.connection, OWNER)}
    assert problems[DROPS.name] is None
    assert "`minRating`" in str(problems["broken"])


def test_bad_deals_are_quarantined_or_counted_beside_the_good_ones(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    save_filter(run.connection, OWNER, DROPS)
    (part,) = run.plan()
    run.fetch(part, simulate())
    folder = run.folder(part.batch)
    (page,) = folder.pages()
    reply = json.loads(folder.read_page(page))
    deals = reply["deals"]["dr"]
    whole = len(deals)
    deals[0]["current"][1] = 0
    deals[1]["current"] = "gone"
    deals.append(deals[2])
    add_page(folder, page.number, json.dumps(reply).encode(), asked=page.asked, endpoint="deal")

    first, second = run.check(part.batch), run.check(part.batch)

    assert first == second
    assert (first.products, first.missing, first.quarantined) == (whole - 1, 1, 1)
    assert first.events == whole - 2
    (row,) = run.connection.execute("SELECT * FROM quarantined_records").fetchall()
    assert (row["asin"], row["column_name"]) == (deals[0]["asin"], "price_minor")
    assert row["record"]["filter"] == DROPS.name


def test_an_unreadable_page_is_counted_and_the_other_pages_deals_are_published(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    save_filter(run.connection, OWNER, DROPS)
    (part,) = run.plan()
    run.fetch(part, simulate())
    folder = run.folder(part.batch)
    add_page(folder, 1, b'{"tokensLeft": 5}', asked=("x",), endpoint="deal")

    checked = run.check(part.batch)

    assert checked.unreadable == 1
    assert checked.events == checked.products > 0


def test_a_stored_history_scores_a_deal_without_a_token(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    save_filter(run.connection, OWNER, DROPS)
    keepa = simulate()
    (part,) = run.plan()
    bought = run.fetch(part, keepa)
    run.check(part.batch)
    paid = list(run.folder(part.batch).read_messages())
    asin = next(iter(run.folder(part.batch).histories.pages())).asked[0]
    stored_history(run, run.folder(part.batch), asin)

    later = replace(run, name="collect_deals/later", lake=run.lake / "of another day")
    (part,) = later.plan()
    free = later.fetch(part, keepa)
    later.check(part.batch)

    assert free.histories == bought.histories - 1
    assert [score_of(value, asin) for _, value in later.folder(part.batch).read_messages()] == [
        score_of(value, asin) for _, value in paid
    ]


def score_of(message: bytes, asin: str) -> object:
    event = json.loads(message)
    return (event["score"], event["reasons"]) if event["asin"] == asin else None


def stored_history(run: Run, folder: DealFolder, asin: str) -> None:
    """Store the history the run has bought of a product, as the loaders would for a watch."""
    from keeper.sources.keepa.products.decode import decode_products

    (page,) = folder.histories.pages()
    products = decode_products(folder.histories.read_page(page)).products
    (product,) = [product for product in products if product.asin == asin]
    where = {"asin": asin, "domain": "us", "price_type": "NEW"}
    points = product.series[1].points()
    store_history(
        run.connection, asin, ((point.observed_at, point.price_minor) for point in points)
    )
    run.connection.execute(
        "INSERT INTO published_histories (asin, domain, price_type, run_id)"
        " VALUES (%(asin)s, %(domain)s, %(price_type)s, '')",
        where,
    )
    save_watches(run.connection, OWNER, [Watch(asin, "us", "NEW", None)])
    run.connection.execute("UPDATE watched_products SET last_checked_at = %s", [AT])
    store_current_price(run.connection, asin, at=AT, price=None)


def test_a_stored_history_nobody_has_followed_since_is_not_believed(
    run: Run, simulate: Callable[..., Simulator]
) -> None:
    save_filter(run.connection, OWNER, DROPS)
    keepa = simulate()
    (part,) = run.plan()
    bought = run.fetch(part, keepa)
    asin = next(iter(run.folder(part.batch).histories.pages())).asked[0]
    stored_history(run, run.folder(part.batch), asin)
    run.connection.execute(
        "UPDATE watched_products SET last_checked_at = %s", [AT - timedelta(days=30)]
    )

    later = replace(run, name="collect_deals/later", lake=run.lake / "of another day")
    (part,) = later.plan()

    assert later.fetch(part, keepa).histories == bought.histories
    assert bought.histories > 1
