"""A year of many products, as a run of `backfill_history` brings it, and once more."""

import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from keeper.domain.intervals import Interval
from keeper.pipeline.prices.backfill import plan_backfill
from keeper.pipeline.prices.fetch import fetch_batch
from keeper.pipeline.prices.publish import publish_prices
from keeper.pipeline.prices.validate import validate_batch
from keeper.pipeline.runs.consumers import price_consumer
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.prices.writer import BackfillWriter
from keeper.stores.postgres.watches.watch_list import save_watches
from keeper.streams.config import KafkaConfig
from tests.keepa_simulator import AT, Simulator, watch_list

YEAR = Interval(AT - timedelta(days=365), AT)
POINTS_OF_A_PRODUCT = 100


@pytest.mark.parametrize("products", [150, pytest.param(1_000, marks=pytest.mark.nightly)])
def test_a_year_of_many_products_is_loaded_once(
    database: PostgresConfig,
    kafka: KafkaConfig,
    topic: str,
    simulate: Callable[..., Simulator],
    tmp_path: Path,
    products: int,
) -> None:
    keepa = simulate(refill_rate=1000)
    group = f"test-{uuid.uuid4().hex}"
    with session(database) as connection:
        save_watches(connection, "reader@example.org", watch_list(products))

        prices: list[int] = []

        def backfill(run: str) -> tuple[int, int]:
            """Return what the run published and the tokens it spent."""
            published = tokens = 0
            batches = plan_backfill(
                connection,
                tmp_path,
                run=run,
                dag_id="backfill_history",
                source="simulator",
                batch_products=products // 2,
                interval=YEAR,
                started_at=AT,
            )
            for batch in batches:
                folder = BatchFolder.of(tmp_path, run, batch.batch)
                with keepa.client() as client:
                    tokens += fetch_batch(
                        folder, client, batch.query, received_from=YEAR.until
                    ).tokens
                prices.append(batch.query.estimate(batch.products))
                validate_batch(
                    folder,
                    connection,
                    run_id=run,
                    batch=batch.batch,
                    source="simulator",
                    price_types=("AMAZON", "NEW", "USED", "BUY_BOX_SHIPPING"),
                    interval=YEAR,
                )
                published += publish_prices(
                    folder, kafka, connection, run_id=run, backfill_topic=topic
                ).history
            with closing(BackfillWriter(database)) as writer:
                consumer = price_consumer(
                    kafka, writer, group=group, topic=topic, on_cycle=lambda: None
                )
                assert consumer.run(until_idle=True) == published
            return published, tokens

        points, tokens = backfill("first")
        assert points > POINTS_OF_A_PRODUCT * products
        # What the offers of a year ago cost when none are collected anew is known to the token.
        assert tokens == sum(prices)
        before = content(connection)
        assert before["points"] == points

        assert backfill("second") == (points, 0)
        assert content(connection) == before


def content(connection: Connection) -> dict[str, object]:
    row = connection.execute(
        "SELECT count(*) AS points, bit_xor(hashtext(h::text)) AS every_field,"
        " (SELECT count(*) FROM current_prices) AS current,"
        " (SELECT count(*) FROM price_alerts) AS alerts"
        " FROM price_history h"
    ).fetchone()
    assert row is not None
    assert (row["current"], row["alerts"]) == (0, 0)
    return row
