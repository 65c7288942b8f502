"""Numbers of the tables and of their server: messages, tokens, runs, mirrors, sizes, backups."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from prometheus_client.metrics_core import Metric

from keeper.clock import Clock, utc_now
from keeper.domain.requests import RequestKind
from keeper.domain.tokens.candidates import RequestPolicy
from keeper.pipeline.metrics import definitions as of
from keeper.pipeline.services.monitor import staleness_at
from keeper.stores.postgres.connection import Connection, PostgresConfig, session
from keeper.stores.postgres.metrics import metric_rows
from keeper.stores.postgres.requests.queue import last_done
from keeper.stores.postgres.storage.retention import partitions, tables

Row = dict[str, Any]
_CONNECT_S: Final = 2
_STATEMENT_S: Final = 3
_PRODUCTS: Final = ("planned", "postponed", "fetched", "missing")
_RECORDS: Final = (
    "records_quarantined",
    "events_published",
    "points_stored",
    "alerts_raised",
)
_WRONG: Final = ("missing", "outdated", "surplus")
_LEFT: Final = ("refused", "surplus_kept")


def read_postgres(
    config: PostgresConfig, policy: RequestPolicy, *, clock: Clock = utc_now
) -> list[Metric]:
    """Read all numbers of the database, on a connection of its own.

    Args:
        config: The database.
        policy: After how long products count as stale.
        clock: The time.

    Raises:
        DatabaseUnavailableError: It does not answer.
    """
    # Sooner than Prometheus gives up: what is away leaves out its own numbers alone.
    # A table that somebody has locked would hold all of them for as long, and the alerts on them.
    quick = replace(config, connect_timeout_s=_CONNECT_S, statement_timeout_s=_STATEMENT_S)
    with session(quick) as connection:
        rows = metric_rows(connection)
        now = clock()
        return [
            *_messages(rows, now),
            *_tokens(rows),
            *_runs(rows["last_runs"]),
            *_products(connection, policy, now),
            *_mirrors(rows["last_comparisons"]),
            *_sizes(connection),
            *_server(rows["server"]),
            *_backups(connection),
            of.NOTICES.of(((row["topic"],), row["notices"]) for row in rows["open_notices"]),
        ]


def _messages(rows: Mapping[str, list[Row]], now: datetime) -> Iterator[Metric]:
    waiting = rows["waiting_messages"]
    yield of.OUTBOX_MESSAGES.of(((row["kind"],), row["messages"]) for row in waiting)
    yield of.OUTBOX_HELD.of(((row["kind"],), row["held"]) for row in waiting)
    yield of.OUTBOX_DUE.of(((row["kind"],), _age(row["due_at"], now)) for row in waiting)
    ended = rows["deliveries_of_an_hour"]
    yield of.DELIVERIES.of(((row["kind"], row["outcome"]), row["attempts"]) for row in ended)
    yield of.DELIVERY_SECONDS.of(((row["kind"], row["outcome"]), row["seconds"]) for row in ended)


def _tokens(rows: Mapping[str, list[Row]]) -> Iterator[Metric]:
    balances = rows["balances"]
    yield of.TOKENS_LEFT.of(((row["source"],), row["tokens_left"]) for row in balances)
    yield of.TOKENS_REFILL.of(((row["source"],), row["refill_rate"]) for row in balances)
    yield of.TOKENS_RESERVE.of(((row["source"],), row["reserve"]) for row in balances)
    yield of.TOKENS_READ_AT.of(((row["source"],), row["read_at"].timestamp()) for row in balances)
    asked = rows["tokens_of_an_hour"]
    yield of.REQUESTS.of(((row["endpoint"], row["outcome"]), row["requests"]) for row in asked)
    yield of.TOKENS_CHARGED.of(((row["endpoint"], row["outcome"]), row["tokens"]) for row in asked)


def _runs(runs: Iterable[Row]) -> Iterator[Metric]:
    runs = list(runs)
    yield of.RUN_GOOD.of(((run["dag_id"],), float(run["is_good"])) for run in runs)
    yield of.RUN_ENDED.of(((run["dag_id"],), run["finished_at"].timestamp()) for run in runs)
    yield of.RUN_GOOD_ENDED.of(
        ((run["dag_id"],), run["good_at"].timestamp()) for run in runs if run["good_at"]
    )
    yield of.RUN_SECONDS.of(((run["dag_id"],), run["seconds"]) for run in runs)
    yield of.RUN_PRODUCTS.of(
        ((run["dag_id"], part), run[f"products_{part}"]) for run in runs for part in _PRODUCTS
    )
    yield of.RUN_RECORDS.of(((run["dag_id"], part), run[part]) for run in runs for part in _RECORDS)


def _products(connection: Connection, policy: RequestPolicy, now: datetime) -> Iterator[Metric]:
    found, _ = staleness_at(connection, policy, now)
    yield of.WATCHED.of([((), found.watched)])
    yield of.STALE.of([(("keeper",), found.unchecked), (("keepa",), found.unseen)])
    yield of.OLDEST_CHECK.of([((), _age(found.oldest_check, now))])


def _mirrors(comparisons: Iterable[Row]) -> Iterator[Metric]:
    found = list(comparisons)
    yield of.MIRROR_WRONG.of(((row["mirror"], what), row[what]) for row in found for what in _WRONG)
    yield of.MIRROR_LEFT.of(((row["mirror"], what), row[what]) for row in found for what in _LEFT)
    yield of.MIRROR_COMPARED.of(((row["mirror"],), row["compared_at"].timestamp()) for row in found)


def _sizes(connection: Connection) -> Iterator[Metric]:
    sizes = [((size.name,), float(size.bytes)) for size in tables(connection)]
    points = sum(partition.bytes for partition in partitions(connection))
    yield of.TABLE_BYTES.of([*sizes, (("price_points",), float(points))])


def _server(rows: Iterable[Row]) -> Iterator[Metric]:
    (found,) = rows
    yield of.SERVER_CONNECTIONS.of([((), found["connections"])])
    yield of.SERVER_CONNECTIONS_LIMIT.of([((), found["connections_limit"])])
    yield of.SERVER_TRANSACTION_AGE.of([((), found["oldest_transaction_age"])])


def _backups(connection: Connection) -> Iterator[Metric]:
    last = last_done(connection, RequestKind.BACK_UP)
    yield of.BACKUP_GOOD_ENDED.of([((), last.timestamp())] if last is not None else [])


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since) / timedelta(seconds=1), 0.0) if since is not None else 0.0
