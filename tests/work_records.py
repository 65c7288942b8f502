"""Requests to Keepa and runs, written by the product's own writers, and their indices."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from keeper.domain.prices.detail import Detail
from keeper.domain.runs.states import RunState
from keeper.domain.tokens.balance import Reservation, TokenReading, TokenRequest
from keeper.pipeline.search.records import RUNS, TOKENS, RecordMirror
from keeper.stores.elasticsearch.record_index import set_up_runs, set_up_tokens
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.runs.runs import RunCounts, finish_run, start_run
from keeper.stores.postgres.tokens.ledger import TokenLedger
from tests.services import remove_alias

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = BEGAN + timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def tokens_mirror(search: Elasticsearch) -> Iterator[RecordMirror]:
    """Requests to Keepa in an index of the test's own."""
    mirror = replace(TOKENS, alias=f"test-{uuid.uuid4().hex}")
    set_up_tokens(search, mirror.alias)
    yield mirror
    remove_alias(search, mirror.alias)


@pytest.fixture
def runs_mirror(search: Elasticsearch) -> Iterator[RecordMirror]:
    """Runs in an index of the test's own."""
    mirror = replace(RUNS, alias=f"test-{uuid.uuid4().hex}")
    set_up_runs(search, mirror.alias)
    yield mirror
    remove_alias(search, mirror.alias)


def ask_keepa(
    connection: Connection,
    *,
    hour: float = 0,
    endpoint: str = "product",
    tokens: int = 10,
    charged: int | None = 9,
    left: int | None = 280,
    refused: bool = False,
    is_open: bool = False,
    run: str | None = "track_prices/scheduled__1",
    account: str = "simulator:1f",
) -> None:
    """Note a request in the ledger as the client does, of a balance that was 300 before."""
    at = [BEGAN + hour * HOUR]
    ledger = TokenLedger(connection, account=account, run=run, clock=lambda: at[0])
    ledger.observe(TokenReading(300, 20, at[0] + HOUR, at[0]))
    detail = Detail.BASIC if endpoint == "product" else None
    reserved = ledger.reserve(TokenRequest(endpoint, tokens, "us", tokens, detail=detail))
    assert isinstance(reserved, Reservation)
    if is_open:
        return
    at[0] += timedelta(seconds=2)
    reading = None if left is None else TokenReading(left, 20, at[0] + HOUR, at[0])
    status = 400 if refused else 200
    ledger.record_outcome(
        reserved, charged=charged, reading=reading, refused=refused, status=status
    )


def run_pipeline(
    connection: Connection,
    name: str,
    *,
    hour: float = 0,
    dag_id: str = "track_prices",
    problem: str | None = None,
    lasts: bool = False,
    counts: RunCounts | None = None,
    source: str = "simulator",
) -> str:
    """Note a run, of ten minutes, as its tasks do; return its id."""
    run_id, at = f"{dag_id}/{name}", BEGAN + hour * HOUR
    start_run(
        connection,
        run_id=run_id,
        dag_id=dag_id,
        source=source,
        started_at=at,
        products_planned=20,
        products_postponed=3,
        tokens_estimated=20,
    )
    if not lasts:
        finish_run(
            connection,
            run_id=run_id,
            state=RunState.FAILED if problem else RunState.SUCCESS,
            finished_at=at + timedelta(minutes=10),
            counts=counts or RunCounts(products_fetched=19, products_missing=1),
            problem=problem,
        )
    return run_id
