"""A run over every fault the simulator makes: what is retried, what is skipped, what stops it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka.admin import AdminClient

from keeper.domain.tokens.candidates import RequestPolicy
from keeper.errors import KeeperError, TerminalError, TransientError
from keeper.pipeline.prices.fetch import FetchResult, fetch_batch
from keeper.pipeline.prices.plan import plan_run
from keeper.pipeline.prices.publish import publish_prices
from keeper.pipeline.prices.validate import CheckResult, validate_batch
from keeper.pipeline.runs.consumers import price_consumer
from keeper.pipeline.runs.keepa_account import KeepaAccount, account_of
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.config import KeepaConfig
from keeper.sources.keepa.errors import (
    KeepaKeyRejectedError,
    KeepaReplyError,
    KeepaUnavailableError,
    TokensExhaustedError,
)
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.tokens.ledger import TokenLedger
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_admin import make_topics
from keeper.streams.topics import dead_letter_topic
from tests.keepa_simulator import Simulator, watch_list

PRODUCTS = 30
PAGE = 10
RUN = "track_prices/manual__faults"


@pytest.fixture
def topics(admin: AdminClient) -> Iterator[tuple[str, str]]:
    names = (f"test-{uuid.uuid4().hex}", f"test-{uuid.uuid4().hex}")
    every = (*names, *map(dead_letter_topic, names))
    make_topics(admin, every)
    yield names
    for future in admin.delete_topics(list(every)).values():
        future.result()


@pytest.fixture
def keepa(simulate: Callable[..., Simulator]) -> Simulator:
    return simulate()


@dataclass(frozen=True)
class Run:
    """A run of one batch of thirty products, ten a request."""

    connection: Connection
    database: PostgresConfig
    kafka: KafkaConfig
    topics: tuple[str, str]
    lake: Path
    config: KeepaConfig

    @property
    def folder(self) -> BatchFolder:
        return BatchFolder.of(self.lake, RUN, 0)

    @contextmanager
    def account(self) -> Iterator[KeepaAccount]:
        with session(self.database) as own:
            ledger = TokenLedger(own, account=account_of(self.config), run=RUN)
            with KeepaClient(self.config, budget=ledger, sleep=lambda _: None) as client:
                yield KeepaAccount(client, ledger)

    def plan(self) -> None:
        with self.account() as account:
            plan_run(
                self.connection,
                self.lake,
                account,
                run=RUN,
                dag_id="track_prices",
                batch_products=1000,
                policy=RequestPolicy(timedelta(hours=6)),
                reserve_share=0.1,
                started_at=datetime.now(UTC),
            )

    def fetch(self) -> FetchResult:
        with self.account() as account:
            return fetch_batch(self.folder, account.client, page_products=PAGE)

    def publish(self, *, is_complete: bool = True) -> CheckResult:
        checked = validate_batch(
            self.folder,
            self.connection,
            run_id=RUN,
            batch=0,
            source="simulator",
            price_types=(),
            is_complete=is_complete,
        )
        publish_prices(
            self.folder,
            self.kafka,
            self.connection,
            run_id=RUN,
            topic=self.topics[0],
            backfill_topic=self.topics[1],
        )
        with closing(PriceWriter(self.database)) as writer:
            price_consumer(
                self.kafka,
                writer,
                group=f"test-{uuid.uuid4().hex}",
                topic=self.topics[0],
                on_cycle=lambda: None,
            ).run(until_idle=True)
        return checked

    def stored(self) -> int:
        row = self.connection.execute("SELECT count(*) AS n FROM current_prices").fetchone()
        assert row is not None
        return int(row["n"])

    def charged(self) -> int:
        row = self.connection.execute(
            "SELECT coalesce(sum(tokens_charged), 0)::int AS n FROM token_ledger"
        ).fetchone()
        assert row is not None
        return int(row["n"])


@pytest.fixture
def run(
    connection: Connection,
    database: PostgresConfig,
    kafka: KafkaConfig,
    topics: tuple[str, str],
    tmp_path: Path,
    keepa: Simulator,
) -> Run:
    american = [replace(w, price_type="NEW") for w in watch_list(100) if w.domain == "us"]
    save_watches(connection, "reader@example.org", american[:PRODUCTS])
    run = Run(connection, database, kafka, topics, tmp_path / "lake", keepa.config())
    run.plan()
    return run


@pytest.mark.parametrize(
    ("fault", "wasted"),
    [
        pytest.param({"kind": "status", "status": 500}, 0, id="an uncharged 500"),
        pytest.param({"kind": "status", "status": 503, "charged": True}, PAGE, id="a charged 503"),
        pytest.param({"kind": "cut"}, PAGE, id="cut and charged"),
        pytest.param({"kind": "cut", "charged": False}, 0, id="cut and not charged"),
        pytest.param({"kind": "slow", "delay_s": 0.2}, 0, id="slow"),
        pytest.param({"kind": "trickle", "seconds": 0.3}, 0, id="in small pieces"),
        pytest.param({"kind": "clock_skew", "hours": -9}, 0, id="a clock nine hours behind"),
        pytest.param({"kind": "clock_skew", "hours": 9}, 0, id="a clock nine hours ahead"),
        pytest.param({"kind": "duplicate"}, 0, id="products twice"),
    ],
)
def test_what_passes_is_tried_again_and_every_product_is_stored_once(
    run: Run, keepa: Simulator, fault: dict[str, Any], wasted: int
) -> None:
    keepa.post("faults", {**fault, "endpoint": "product"})

    assert run.fetch().asked == PRODUCTS
    checked = run.publish()

    assert (checked.products, checked.missing, checked.quarantined) == (PRODUCTS, 0, 0)
    assert run.stored() == PRODUCTS
    assert run.charged() == PRODUCTS + wasted


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param({"kind": "status", "status": 500}, KeepaUnavailableError, id="5xx"),
        pytest.param({"kind": "not_json"}, KeepaReplyError, id="no JSON"),
        pytest.param({"kind": "wrong_shape"}, KeepaReplyError, id="JSON of another shape"),
        pytest.param({"kind": "status", "status": 429}, TokensExhaustedError, id="a storm of 429"),
        pytest.param({"kind": "revoke_key"}, KeepaKeyRejectedError, id="the key is revoked"),
        pytest.param({"kind": "status", "status": 402}, TerminalError, id="payment is due"),
    ],
)
def test_what_stays_stops_the_fetch_and_what_was_paid_for_is_published(
    run: Run, keepa: Simulator, fault: dict[str, Any], error: type[KeeperError]
) -> None:
    lasting = {} if fault["kind"] == "revoke_key" else {"count": 50}
    keepa.post("faults", {"after": 1, **lasting, **fault})

    with pytest.raises(error) as caught:
        run.fetch()
    assert isinstance(caught.value, TerminalError | TransientError)
    checked = run.publish(is_complete=False)

    assert (checked.products, checked.missing) == (PAGE, PRODUCTS - PAGE)
    assert run.stored() == PAGE

    httpx.delete(f"{keepa.url}/simulator/faults", timeout=10).raise_for_status()
    keepa.post("tokens", {"left": 1000})
    with run.account() as account:
        account.client.token_status()
    assert run.fetch().asked == PRODUCTS
    assert run.publish().products == run.stored() == PRODUCTS


def test_products_keepa_leaves_out_silently_are_counted_and_cost_the_others_nothing(
    run: Run, keepa: Simulator
) -> None:
    dropped = [product.asin for product in run.folder.read_plan()[:2]]
    keepa.post("faults", {"kind": "drop", "asins": dropped, "count": 50})

    run.fetch()
    checked = run.publish()

    assert (checked.products, checked.missing) == (PRODUCTS - 2, 2)
    assert run.stored() == PRODUCTS - 2
