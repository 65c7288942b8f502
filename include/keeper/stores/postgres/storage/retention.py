"""What the database takes, whether it is sound, and dropping what is past its retention."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, Final

from psycopg import sql

from keeper.errors import TransientError
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.lock_waits import retried

_SQL: Final = "storage"
_AHEAD: Final = timedelta(days=92)
_RECORDS: Final = (
    "token_ledger",
    "price_corrections",
    "price_alerts",
    "quarantined_records",
    "pipeline_runs",
    "reconciliations",
    "deal_reports",
    # After the reports, which keep theirs.
    "collected_deals",
    "product_proposals",
    "operator_notices",
    "audit_log",
    "requests",
    "sessions",
    "sign_in_links",
    "feed_tickets",
    "api_tokens",
    "idempotency_keys",
)
EXPIRING: Final = frozenset(
    {"sessions", "sign_in_links", "feed_tickets", "api_tokens", "idempotency_keys"}
)
"""Tables of what is worth nothing to anybody after a time of its own."""
_ROWS_AT_ONCE: Final = 10_000
_MOST_TRANSACTIONS: Final = 1_500_000_000
_ANALYSED: Final = (
    "price_points",
    "price_series",
    "price_days",
    "price_statistics",
    "products",
    "watched_products",
    "collected_deals",
    "token_ledger",
)


@dataclass(frozen=True, slots=True)
class TableSize:
    """How large a table is.

    Attributes:
        name: The table, or a partition of price_points.
        rows: As PostgreSQL estimates them.
        bytes: With its indexes.
        since: Of a partition: the time its points begin with.
        until: Of a partition: the time they are before.
    """

    name: str
    rows: int
    bytes: int
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Old:
    """What is past its retention, dropped or not: rows of a table, or a whole partition.

    Attributes:
        name: The table.
        rows: How many; of a partition as PostgreSQL estimates them.
        bytes: What they take with their indexes; of rows an estimate by their share of the table.
    """

    name: str
    rows: int
    bytes: int


class NotRolledUpError(TransientError):
    """Points cannot be dropped before price_days has been brought up to them."""


def partitions(connection: Connection) -> list[TableSize]:
    """Return the partitions of price_points, the oldest first."""
    rows = connection.execute(statements(_SQL)["partitions"]).fetchall()
    return [TableSize(**row) for row in rows]


def tables(connection: Connection) -> list[TableSize]:
    """Return the tables that are not partitioned, the largest first."""
    rows = connection.execute(statements(_SQL)["tables"]).fetchall()
    return [TableSize(row["name"], row["rows"], row["bytes"]) for row in rows]


def make_months(connection: Connection, at: datetime) -> list[str]:
    """Make the partitions of the three months to come and return the names of those made.

    Raises:
        LockedOutError: Somebody changes the table all the while; try again.
    """

    def make() -> list[str]:
        rows = connection.execute(statements(_SQL)["make_months"], {"until": at + _AHEAD})
        return [row["name"] for row in rows]

    return retried(make, "making the partitions of the coming months", connection)


def problems(connection: Connection, at: datetime) -> list[str]:
    """Return what is wrong with the database, each in a sentence with its remedy."""
    found = []
    known = partitions(connection)
    for earlier, later in pairwise(known):
        if earlier.until != later.since:
            found.append(
                f"price_points has no partition between {earlier.name} and {later.name}: points of "
                "that time become dead letters; SELECT add_price_partition(since, until) makes one"
            )
    last = known[-1].until if known else None
    if last is None or last < at:
        found.append(
            "price_points has no partition for today; keeper storage maintain makes those that are "
            "missing"
        )
    sql_of = statements(_SQL)
    found += [
        f"the index {row['name']} is not valid: REINDEX INDEX {row['name']}"
        for row in connection.execute(sql_of["invalid_indexes"])
    ]
    used = _one(connection, "transactions_used")["used"]
    if used > _MOST_TRANSACTIONS:
        found.append(
            f"{used:,} transactions have passed since the oldest row was frozen: see that "
            "autovacuum runs, or run VACUUM; at 2,000,000,000 PostgreSQL stops writing"
        )
    return found


def analyse(connection: Connection) -> None:
    """Let PostgreSQL count anew what is in the large tables.

    Autovacuum does so by partition, never for a partitioned table as a whole.
    """
    for name in _ANALYSED:
        connection.execute(sql.SQL("ANALYZE (SKIP_LOCKED) {}").format(sql.Identifier(name)))


def drop_old_points(connection: Connection, before: datetime, *, apply: bool) -> list[Old]:
    """Drop the partitions whose points are all older than `before`, and return them.

    Current prices, daily roll-ups and statistics stay.

    Args:
        connection: Outside a transaction.
        before: Kept are partitions with a point of then or later.
        apply: Drop; otherwise only say which.

    Raises:
        NotRolledUpError: Some of the points have not been rolled up.
        LockedOutError: Others used the table all the while; try again.
    """
    old = [one for one in partitions(connection) if one.until is not None and one.until <= before]
    if apply and old:
        due = _one(connection, "due_before", {"before": old[-1].until})["series"]
        if due:
            raise NotRolledUpError(
                f"{due:,} series have older points that are not in price_days yet; run: keeper "
                "storage roll-up"
            )
        for one in old:
            drop = partial(
                connection.execute, statements(_SQL)["drop_partition"], {"name": one.name}
            )
            retried(drop, f"dropping {one.name}", connection)
    return [Old(one.name, one.rows, one.bytes) for one in old]


def drop_old_records(
    connection: Connection, before: datetime, *, apply: bool, only_expiring: bool = False
) -> list[Old]:
    """Delete what was recorded before a moment, and return how much of each table.

    Of token_ledger only requests with an outcome, of price_alerts what is delivered or given up, of
    pipeline_runs what has ended, of operator_notices what is over.

    Args:
        connection: Outside a transaction.
        before: What was recorded then or later stays.
        apply: Delete; otherwise only count.
        only_expiring: Delete from the tables of EXPIRING alone, and count in the others.
    """
    old = []
    for table in _RECORDS:
        places = sql.SQL(statements(_SQL)[f"old_{table}"])
        count = sql.SQL("SELECT count(*)::int AS rows FROM ({}) AS old").format(places)
        (row,) = connection.execute(count, {"before": before}).fetchall()
        rows = row["rows"]
        # Before they go: deleting makes a table no smaller, its room is used again.
        size = _one(connection, "bytes_of_rows", {"table": table, "rows": rows})["bytes"]
        if apply and (table in EXPIRING or not only_expiring):
            rows = _delete(connection, table, places, before)
        if rows:
            old.append(Old(table, rows, size))
    return old


def retention_topics(connection: Connection, topic: str) -> list[str]:
    """Return a topic and those below it of which the operator was ever notified, oldest first."""
    rows = connection.execute(statements(_SQL)["retention_topics"], {"topic": topic})
    return [row["topic"] for row in rows]


def _delete(connection: Connection, table: str, places: sql.SQL, before: datetime) -> int:
    statement = sql.SQL("DELETE FROM {} WHERE ctid = ANY (ARRAY({} LIMIT {}))").format(
        sql.Identifier(table), places, sql.Literal(_ROWS_AT_ONCE)
    )
    deleted = 0
    while gone := connection.execute(statement, {"before": before}).rowcount:
        deleted += gone
    return deleted


def _one(connection: Connection, statement: str, values: dict[str, Any] | None = None) -> Any:
    (row,) = connection.execute(statements(_SQL)[statement], values).fetchall()
    return row
