"""Every metric of Keeper's but the console's: its name, kind, labels and meaning.

Names follow Prometheus's conventions: the unit stands in the name, counters end in `_total`. No
label holds an ASIN, a user or a run, of which there is no end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric


class Kind(StrEnum):
    """Whether a number only grows."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric.

    Attributes:
        name: Its name, as it is queried.
        meaning: What its value is.
        labels: What its series differ by.
    """

    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Whether it only grows, until its process starts again; its name says so."""
        return Kind.COUNTER if self.name.endswith("_total") else Kind.GAUGE

    def of(self, values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
        """Return the metric with these values, each after those of its labels."""
        family = (
            CounterMetricFamily(self.name, self.meaning, labels=self.labels)
            if self.kind is Kind.COUNTER
            else GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
        )
        for labels, value in values:
            family.add_metric(labels, value)
        return family


BUILD: Final = Definition("keeper_build_info", "1, of the version that runs.", ("version",))

WORKER_MESSAGES: Final = Definition(
    "keeper_worker_messages_total", "Messages handled, dead letters included.", ("worker",)
)
WORKER_BATCHES: Final = Definition("keeper_worker_batches_total", "Batches stored.", ("worker",))
WORKER_DEAD_LETTERS: Final = Definition(
    "keeper_worker_dead_letters_total", "Messages given up.", ("worker",)
)
WORKER_FAILURES: Final = Definition(
    "keeper_worker_failures_total",
    "Attempts to store a batch that failed for a passing reason.",
    ("worker",),
)
WORKER_LAST_BATCH: Final = Definition(
    "keeper_worker_last_batch_messages", "Messages in the newest batch.", ("worker",)
)
WORKER_UNREAD: Final = Definition(
    "keeper_worker_unread_messages",
    "Messages published and not yet committed as stored; absent while Kafka does not say.",
    ("worker",),
)
WORKER_BATCH_AGE: Final = Definition(
    "keeper_worker_batch_age_seconds",
    "For how long the store has had the batch at hand; 0 while it has none.",
    ("worker",),
)
WORKER_LOST: Final = Definition(
    "keeper_worker_messages_lost_total",
    "Messages that retention removed before they were read.",
    ("worker",),
)
WORKER_SECONDS: Final = Definition(
    "keeper_worker_seconds_total",
    "Time spent by stage: read, decode, store and its parts, commit.",
    ("worker", "stage"),
)
WORKER_WAITING_SINCE: Final = Definition(
    "keeper_worker_waiting_since_seconds",
    "Unix time since when a part of the worker has waited for another service; absent while it "
    "does not.",
    ("worker", "part"),
)
WORKER_HEARTBEAT: Final = Definition(
    "keeper_worker_heartbeat_timestamp_seconds",
    "Unix time of the worker's last heartbeat.",
    ("worker",),
)

SOURCE_UP: Final = Definition(
    "keeper_source_up",
    "1 if what these numbers come from answered when they were read, 0 if not: then they are "
    "absent.",
    ("source",),
)
SOURCE_READ_SECONDS: Final = Definition(
    "keeper_source_read_seconds", "How long the newest reading of a source took.", ("source",)
)

OUTBOX_MESSAGES: Final = Definition(
    "keeper_outbox_messages", "Messages that wait, those their reader holds included.", ("kind",)
)
OUTBOX_HELD: Final = Definition(
    "keeper_outbox_held_messages",
    "Of them those held for quiet hours, a snooze or the daily cap.",
    ("kind",),
)
OUTBOX_DUE: Final = Definition(
    "keeper_outbox_oldest_due_seconds",
    "How long the first message that is due has been; 0 if none is.",
    ("kind",),
)
DELIVERIES: Final = Definition(
    "keeper_deliveries_last_hour", "Attempts to deliver that ended so.", ("kind", "outcome")
)
DELIVERY_SECONDS: Final = Definition(
    "keeper_delivery_seconds_last_hour",
    "How long these attempts took together.",
    ("kind", "outcome"),
)

TOKENS_LEFT: Final = Definition(
    "keeper_tokens_left", "Keepa's tokens, as last reported.", ("source",)
)
TOKENS_REFILL: Final = Definition(
    "keeper_tokens_refill_per_minute", "Tokens that come each minute.", ("source",)
)
TOKENS_RESERVE: Final = Definition(
    "keeper_tokens_reserve", "Tokens kept back for those who may use them.", ("source",)
)
TOKENS_READ_AT: Final = Definition(
    "keeper_tokens_reported_timestamp_seconds", "Unix time of that report.", ("source",)
)
REQUESTS: Final = Definition(
    "keeper_keepa_requests_last_hour",
    "Requests to Keepa, by what the ledger says of them.",
    ("endpoint", "outcome"),
)
TOKENS_CHARGED: Final = Definition(
    "keeper_tokens_charged_last_hour",
    "Tokens these requests were charged.",
    ("endpoint", "outcome"),
)

RUN_GOOD: Final = Definition(
    "keeper_run_is_good", "1 if the newest ended run of the DAG was good, else 0.", ("dag",)
)
RUN_ENDED: Final = Definition(
    "keeper_run_ended_timestamp_seconds", "Unix time at which it ended.", ("dag",)
)
RUN_GOOD_ENDED: Final = Definition(
    "keeper_run_last_good_timestamp_seconds",
    "Unix time at which the newest good run ended; absent before the first.",
    ("dag",),
)
RUN_SECONDS: Final = Definition(
    "keeper_run_seconds", "How long the newest ended run took.", ("dag",)
)
RUN_PRODUCTS: Final = Definition(
    "keeper_run_products",
    "Its products: planned, postponed for want of tokens, fetched, missing.",
    ("dag", "part"),
)
RUN_RECORDS: Final = Definition(
    "keeper_run_records",
    "What came of it: quarantined records, published events, stored points, raised alerts.",
    ("dag", "part"),
)

WATCHED: Final = Definition("keeper_watched_products", "Products that are actively watched.")
STALE: Final = Definition(
    "keeper_stale_products",
    "Of them those not looked at within two intervals: unchecked by Keeper, or unseen by Keepa.",
    ("by",),
)
OLDEST_CHECK: Final = Definition(
    "keeper_oldest_check_seconds", "How old the oldest stale check is; 0 without one."
)

MIRROR_WRONG: Final = Definition(
    "keeper_mirror_wrong_documents",
    "What the newest comparison of a mirror in Elasticsearch with its table found, and put right.",
    ("mirror", "what"),
)
MIRROR_LEFT: Final = Definition(
    "keeper_mirror_left_wrong_documents",
    "What that comparison left wrong: refused by Elasticsearch, or too many to delete unasked.",
    ("mirror", "what"),
)
MIRROR_COMPARED: Final = Definition(
    "keeper_mirror_compared_timestamp_seconds", "Unix time of that comparison.", ("mirror",)
)
TABLE_BYTES: Final = Definition(
    "keeper_table_bytes", "Size of a table with its indexes and partitions.", ("table",)
)
BACKUP_GOOD_ENDED: Final = Definition(
    "keeper_backup_last_good_timestamp_seconds",
    "Unix time at which the newest good backup ended; absent before the first.",
)
SERVER_CONNECTIONS: Final = Definition(
    "keeper_postgres_connections", "Connections that PostgreSQL's server has, Airflow's included."
)
SERVER_CONNECTIONS_LIMIT: Final = Definition(
    "keeper_postgres_connections_limit",
    "How many it takes of others than its superusers.",
)
SERVER_TRANSACTION_AGE: Final = Definition(
    "keeper_postgres_oldest_transaction_age",
    "Transactions since the oldest that VACUUM has not frozen; the server stops at 2.1 billion.",
)
NOTICES: Final = Definition(
    "keeper_open_notices", "Notices to operators that are open.", ("topic",)
)

GROUP_UNREAD: Final = Definition(
    "keeper_group_unread_messages",
    "Messages of a topic behind what a group of workers has committed.",
    ("group", "topic"),
)
DEAD_LETTERS: Final = Definition(
    "keeper_dead_letters",
    "Messages that a dead-letter topic holds, by its offsets; markers of transactions count too.",
    ("topic",),
)

OF_WORKERS: Final = (
    BUILD,
    WORKER_MESSAGES,
    WORKER_BATCHES,
    WORKER_DEAD_LETTERS,
    WORKER_FAILURES,
    WORKER_LAST_BATCH,
    WORKER_UNREAD,
    WORKER_BATCH_AGE,
    WORKER_LOST,
    WORKER_SECONDS,
    WORKER_WAITING_SINCE,
    WORKER_HEARTBEAT,
)
"""What each worker shows, where KEEPER_METRICS_LISTEN says."""

OF_STORES: Final = (
    BUILD,
    SOURCE_UP,
    SOURCE_READ_SECONDS,
    OUTBOX_MESSAGES,
    OUTBOX_HELD,
    OUTBOX_DUE,
    DELIVERIES,
    DELIVERY_SECONDS,
    TOKENS_LEFT,
    TOKENS_REFILL,
    TOKENS_RESERVE,
    TOKENS_READ_AT,
    REQUESTS,
    TOKENS_CHARGED,
    RUN_GOOD,
    RUN_ENDED,
    RUN_GOOD_ENDED,
    RUN_SECONDS,
    RUN_PRODUCTS,
    RUN_RECORDS,
    WATCHED,
    STALE,
    OLDEST_CHECK,
    MIRROR_WRONG,
    MIRROR_LEFT,
    MIRROR_COMPARED,
    TABLE_BYTES,
    BACKUP_GOOD_ENDED,
    SERVER_CONNECTIONS,
    SERVER_CONNECTIONS_LIMIT,
    SERVER_TRANSACTION_AGE,
    NOTICES,
    GROUP_UNREAD,
    DEAD_LETTERS,
)
"""What `keeper metrics` shows."""
