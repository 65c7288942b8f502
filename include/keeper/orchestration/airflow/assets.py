"""The tables, topics, indices and files Keeper writes, as Airflow's asset graph shows them.

Airflow does not see the side workers: the task that has waited for them reports what they load.
Every table and every topic has its asset here, or a reason why it has none.
"""

from collections.abc import Mapping
from typing import Final

from airflow.sdk import Asset

from keeper.streams import topics

TABLES: Final[dict[str, Asset]] = {}
"""By table; tables that are written and read together have one asset, called as the first of them.

With one for each table nobody could read the graph.
"""
TOPICS: Final[dict[str, Asset]] = {}
"""By topic."""


def _asset(store: str, name: str) -> Asset:
    # Of a scheme that begins with x- Airflow asks no provider; to ask takes a second of imports.
    return Asset(name=name, uri=f"x-keeper://{store}/{name}")


def _table(name: str, *beside: str) -> Asset:
    asset = _asset("postgres", name)
    TABLES.update(dict.fromkeys((name, *beside), asset))
    return asset


def _topic(name: str) -> Asset:
    return TOPICS.setdefault(name, _asset("kafka", name))


WATCHED_PRODUCTS: Final = _table(
    "watched_products",
    "users",
    "channels",
    "product_kinds",
    "product_labels",
    "published_histories",
)
PRICE_HISTORY: Final = _table(
    "price_history",
    *("price_origins", "price_points", "price_series", "products", "price_corrections"),
    *("price_days", "price_statistics"),
    *("price_trends", "trend_bases", "price_movers", "trend_changes", "due_trends"),
)
CURRENT_PRICES: Final = _table("current_prices")
COLLECTED_DEALS: Final = _table("collected_deals", "deal_filters", "deal_reports", "reported_deals")
PRODUCT_PROPOSALS: Final = _table("product_proposals", "discoveries")
PRICE_ALERTS: Final = _table("price_alerts", "alert_states")
OUTBOX: Final = _table("outbox", "alert_deliveries", "operator_notices")
TOKEN_LEDGER: Final = _table("token_ledger", "token_accounts")
PIPELINE_RUNS: Final = _table("pipeline_runs")
QUARANTINED_RECORDS: Final = _table("quarantined_records")
RECONCILIATIONS: Final = _table("reconciliations")

TABLES_WITHOUT_ASSET: Final[Mapping[str, str]] = {
    "exchange_rates": "no DAG writes or reads it: people load it with `keeper rates`",
    "sign_in_links": "the console and the deliverer write and read it, no DAG does",
    "sessions": "the console alone writes and reads it",
    "api_tokens": "the console alone writes and reads it",
    "feed_tickets": "the console alone writes and reads it",
    "user_limits": "the console and commands write it, no DAG reads it",
    "limit_uses": "the console alone writes and reads it",
    "idempotency_keys": "the console alone writes and reads it",
    "audit_log": "the console and commands write it, no DAG reads it",
    "requests": "the console, one DAG and a worker hand work to each other by it",
    **dict.fromkeys(
        ("telegram_links", "telegram_codes", "short_tokens", "telegram_bot"),
        "the console alone writes and reads it",
    ),
    "bot_memory": "`keeper bot` alone writes and reads it",
}

PRICE_UPDATES: Final = _topic(topics.PRICE_UPDATES)
PRICE_BACKFILL: Final = _topic(topics.PRICE_BACKFILL)
DEAL_UPDATES: Final = _topic(topics.DEAL_UPDATES)
KEEPER_EVENTS: Final = _topic(topics.KEEPER_EVENTS)
KEEPER_CHANGES: Final = _topic(topics.KEEPER_CHANGES)
KEEPER_GROUPS: Final = _topic(topics.KEEPER_GROUPS)
DEAD_LETTERS: Final = tuple(
    _topic(name) for name in topics.topics_to_make() if topics.is_dead_letter_topic(name)
)

PRICES_INDEX: Final = _asset("elasticsearch", "keeper-prices")
DEALS_INDEX: Final = _asset("elasticsearch", "keeper-deals")
TOKENS_INDEX: Final = _asset("elasticsearch", "keeper-tokens")
RUNS_INDEX: Final = _asset("elasticsearch", "keeper-runs")
REPLIES: Final = _asset("lake", "replies")

WITHOUT_TASK: Final[Mapping[str, str]] = {
    KEEPER_CHANGES.name: "`keeper relay` publishes there what commits have changed in PostgreSQL",
    KEEPER_GROUPS.name: "side workers put there that they have stopped, and what they have lost",
    **dict.fromkeys(
        (letters.name for letters in DEAD_LETTERS),
        "side workers put there what they can never load",
    ),
}
"""Assets no task writes, and who does."""

RUN_ENDS: Final = [PIPELINE_RUNS, KEEPER_EVENTS]
"""What the end of a run writes."""
LOADED_HISTORY: Final = [PRICE_HISTORY, PRICES_INDEX]
"""What is in the stores once the side workers have read older points."""
LOADED_PRICES: Final = [*LOADED_HISTORY, CURRENT_PRICES, WATCHED_PRODUCTS, PRICE_ALERTS, OUTBOX]
"""So of today's prices."""
LOADED_DEALS: Final = [COLLECTED_DEALS, DEALS_INDEX, *LOADED_PRICES]
"""So of deals, which bring prices."""
