"""A price run's steps as tests call them, one after the other, without Airflow."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from keeper.domain.tokens.candidates import RequestPolicy
from keeper.pipeline.prices.fetch import FetchResult, fetch_batch
from keeper.pipeline.prices.plan import PlannedBatch, plan_run
from keeper.pipeline.prices.publish import publish_batch
from keeper.pipeline.prices.validate import CheckResult, validate_batch
from keeper.pipeline.runs.consumers import price_consumer
from keeper.pipeline.runs.keepa_account import KeepaAccount, account_of, keepa_account
from keeper.sources.keepa.client import KeepaClient
from keeper.sources.keepa.config import KeepaConfig
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.prices.writer import PriceWriter
from keeper.stores.postgres.tokens.ledger import TokenLedger
from keeper.streams.config import KafkaConfig
from tests.keepa_simulator import AT, Simulator

EVERY_SIX_HOURS = RequestPolicy(timedelta(hours=6))


@dataclass(frozen=True)
class Run:
    """One run; products asked for alike make one batch."""

    connection: Connection
    database: PostgresConfig
    kafka: KafkaConfig
    topic: str
    lake: Path
    run_id: str = "track_prices/manual__2026-03-01T00:00:00+00:00"
    policy: RequestPolicy = EVERY_SIX_HOURS
    batches: list[PlannedBatch] = field(default_factory=list)

    @contextmanager
    def account(self, keepa: Simulator) -> Iterator[KeepaAccount]:
        """Give the simulator's account, whose every token is in the ledger."""
        with (
            session(self.database) as own,
            keepa_account(keepa.config(), own, self.run_id) as account,
        ):
            yield account

    def plan(self, account: KeepaAccount | None = None) -> int:
        self.batches[:] = plan_run(
            self.connection,
            self.lake,
            account or account_without_balance(self.connection, self.run_id),
            run=self.run_id,
            dag_id="track_prices",
            batch_products=1000,
            policy=self.policy,
            reserve_share=0.1,
            started_at=AT,
        )
        return sum(batch.products for batch in self.batches)

    def folder(self, batch: int) -> BatchFolder:
        return BatchFolder.of(self.lake, self.run_id, batch)

    def fetch(self, client: KeepaClient) -> FetchResult:
        parts = [
            fetch_batch(
                self.folder(batch.batch),
                client,
                batch.query,
                page_products=batch.page_products,
                may_use_reserve=batch.urgent,
            )
            for batch in self.batches
        ]
        return FetchResult(**_sums(FetchResult, parts))

    def check(self, price_types: tuple[str, ...] = ()) -> CheckResult:
        parts = [
            validate_batch(
                self.folder(batch.batch),
                self.connection,
                run_id=self.run_id,
                batch=batch.batch,
                source="simulator",
                price_types=price_types,
            )
            for batch in self.batches
        ]
        return CheckResult(**_sums(CheckResult, parts))

    def load(self) -> int:
        for batch in self.batches:
            publish_batch(self.folder(batch.batch), self.kafka, topic=self.topic)
        writer = PriceWriter(self.database)
        group = f"test-{uuid.uuid4().hex}"
        handled = price_consumer(
            self.kafka, writer, group=group, topic=self.topic, on_cycle=lambda: None
        ).run(until_idle=True)
        writer.close()
        return handled


def _sums(kind: type[FetchResult | CheckResult], parts: Sequence[Any]) -> dict[str, int]:
    return {f.name: sum(getattr(part, f.name) for part in parts) for f in fields(kind)}


def account_without_balance(connection: Connection, run: str) -> KeepaAccount:
    """Return an account nobody answers for, so that every product is planned."""
    config = KeepaConfig(SecretStr("none"), "http://127.0.0.1:1", "simulator", max_attempts=1)
    ledger = TokenLedger(connection, account=account_of(config), run=run)
    return KeepaAccount(KeepaClient(config, budget=ledger), ledger)


@pytest.fixture
def run(
    connection: Connection,
    database: PostgresConfig,
    kafka: KafkaConfig,
    topic: str,
    tmp_path: Path,
) -> Run:
    return Run(connection, database, kafka, topic, tmp_path / "lake")
