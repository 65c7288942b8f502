"""The design Keeper had once: a message at a time, each in a transaction of its own."""

from typing import Any, Final

from confluent_kafka import Consumer
from psycopg import Connection

from keeper.domain.prices.events import PriceEvent
from keeper.domain.watches.policy import AlertPolicy
from keeper.domain.watches.reasons import target_reason
from keeper.domain.watches.rule_state import Observation, RuleState
from keeper.domain.watches.target import advance_target
from keeper.stores.postgres.connection import PostgresConfig, connect
from keeper.streams.codec import decode_price_event
from keeper.streams.config import KafkaConfig

_POLICY: Final = AlertPolicy()
_ADD_SERIES: Final = """
INSERT INTO price_series (asin, domain, price_type, currency) VALUES (%s, %s, %s, %s)
ON CONFLICT (asin, domain, price_type) DO UPDATE SET currency = excluded.currency
RETURNING series_id
"""
_ADD_POINT: Final = """
INSERT INTO price_points (series_id, origin_id, observed_at, checked_at, last_checked_at,
    price_minor, shipping_minor, implausible)
VALUES (%s, 1, %s, %s, %s, %s, %s, %s)
ON CONFLICT (series_id, observed_at) DO UPDATE SET last_checked_at = excluded.last_checked_at
WHERE excluded.last_checked_at > price_points.last_checked_at
"""
_SET_CURRENT: Final = """
UPDATE price_series SET newest_at = %s, observed_at = %s, price_minor = %s, shipping_minor = %s,
    implausible = %s, origin_id = 1, last_checked_at = %s
WHERE series_id = %s
"""
_WATCHES: Final = """
UPDATE watched_products w SET last_checked_at = %s FROM watched_products x
LEFT JOIN alert_states a ON a.watch_id = x.watch_id AND a.rule = 'target'
WHERE x.watch_id = w.watch_id AND (w.asin, w.domain, w.price_type) = (%s, %s, %s)
RETURNING w.watch_id, w.user_id, w.target_minor, a.armed, a.alerted_price_minor,
    a.awaiting_price_minor, a.checked_at, a.observed_at
"""
_SAVE_STATE: Final = """
INSERT INTO alert_states (watch_id, armed, alerted_price_minor, awaiting_price_minor, checked_at,
    observed_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (watch_id, rule) DO UPDATE SET armed = excluded.armed,
    alerted_price_minor = excluded.alerted_price_minor,
    awaiting_price_minor = excluded.awaiting_price_minor,
    checked_at = excluded.checked_at, observed_at = excluded.observed_at
"""
_ALERT: Final = """
INSERT INTO price_alerts (watch_id, user_id, asin, domain, price_type, price_minor, target_minor,
    currency, observed_at, checked_at, reason, source, run_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def load_one_by_one(
    kafka: KafkaConfig, topic: str, group: str, database: PostgresConfig, count: int
) -> None:
    """Load the first `count` messages."""
    consumer = Consumer(
        kafka.for_client(
            {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        )
    )
    consumer.subscribe([topic])
    connection = connect(database)
    try:
        connection.execute("INSERT INTO price_origins (run_id, source) VALUES ('one', 'simulator')")
        for _ in range(count):
            message = consumer.poll(30)
            assert message is not None
            assert message.error() is None
            with connection.transaction():
                _store(connection, decode_price_event(message.value()))
            consumer.commit(message=message, asynchronous=False)
    finally:
        connection.close()
        consumer.close()


def _store(connection: Connection[Any], event: PriceEvent) -> None:
    key = (event.asin, event.domain, event.price_type)
    row = connection.execute(_ADD_SERIES, (*key, event.currency)).fetchone()
    assert row is not None
    series = row["series_id"]
    price = (event.price_minor, event.shipping_minor, event.implausible)
    connection.execute(
        _ADD_POINT, (series, event.timestamp, event.checked_at, event.checked_at, *price)
    )
    connection.execute(
        _SET_CURRENT, (event.timestamp, event.timestamp, *price, event.checked_at, series)
    )
    for watch in connection.execute(_WATCHES, (event.checked_at, *key)).fetchall():
        _evaluate(connection, watch, event)


def _evaluate(connection: Connection[Any], watch: dict[str, Any], event: PriceEvent) -> None:
    names = ("armed", "alerted_price_minor", "awaiting_price_minor", "checked_at", "observed_at")
    before = RuleState(*(watch[name] for name in names)) if watch["checked_at"] else None
    seen = Observation(event.checked_at, event.timestamp, event.price_minor, event.implausible)
    state, raised = advance_target(before, (seen,), watch["target_minor"], _POLICY)
    assert state is not None
    connection.execute(_SAVE_STATE, (watch["watch_id"], *state[: len(names)]))
    for _, why in raised:
        connection.execute(
            _ALERT,
            (
                watch["watch_id"],
                watch["user_id"],
                event.asin,
                event.domain,
                event.price_type,
                event.price_minor,
                watch["target_minor"],
                event.currency,
                event.timestamp,
                event.checked_at,
                target_reason(why),
                event.source,
                event.run_id,
            ),
        )
