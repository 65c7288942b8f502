"""The tables, topics, indices and files Keeper writes, as Airflow's asset graph shows them.

Airflow does not see the side workers: the task that has waited for them reports what they load.
Every table and every topic has its asset here, or a reason why it has none.
"""

from collections.abc import Mapping
from typing import Final

from airflow.sdk import Asset

from keeper.streams import topics

TABLES: Final[dict[str, Asset]] = {}
"""By table."""
TOPICS: Final[dict[str, Asset]] = {}
"""By topic."""


def _asset(store: str, name: str) -> Asset:
    # Of a scheme that begins with x- Airflow asks no provider; to ask takes a second of imports.
    return Asset(name=name, uri=f"x-keeper://{store}/{name}")


def _table(name: str) -> Asset:
    return TABLES.setdefault(name, _asset("postgres", name))


def _topic(name: str) -> Asset:
    return TOPICS.setdefault(name, _asset("kafka", name))


USERS: Final = _table("users")
CHANNELS: Final = _table("channels")
WATCHED_PRODUCTS: Final = _table("watched_products")
PRODUCTS: Final = _table("products")
PRICE_HISTORY: Final = _table("price_history")
CURRENT_PRICES: Final = _table("current_prices")
PRICE_CORRECTIONS: Final = _table("price_corrections")
PRICE_DAYS: Final = _table("price_days")
PRICE_STATISTICS: Final = _table("price_statistics")
PUBLISHED_HISTORIES: Final = _table("published_histories")
PRODUCT_KINDS: Final = _table("product_kinds")
DEAL_FILTERS: Final = _table("deal_filters")
COLLECTED_DEALS: Final = _table("collected_deals")
DEAL_REPORTS: Final = _table("deal_reports")
REPORTED_DEALS: Final = _table("reported_deals")
DISCOVERIES: Final = _table("discoveries")
PRODUCT_PROPOSALS: Final = _table("product_proposals")
PRICE_ALERTS: Final = _table("price_alerts")
ALERT_STATES: Final = _table("alert_states")
ALERT_DELIVERIES: Final = _table("alert_deliveries")
OUTBOX: Final = _table("outbox")
OPERATOR_NOTICES: Final = _table("operator_notices")
QUARANTINED_RECORDS: Final = _table("quarantined_records")
TOKEN_ACCOUNTS: Final = _table("token_accounts")
TOKEN_LEDGER: Final = _table("token_ledger")
PIPELINE_RUNS: Final = _table("pipeline_runs")
RECONCILIATIONS: Final = _table("reconciliations")

PART_OF: Final[Mapping[str, Asset]] = dict.fromkeys(
    ("price_origins", "price_points", "price_series"), PRICE_HISTORY
)
"""Tables nobody queries: the views `price_history` and `current_prices` are made of them."""
TABLES_WITHOUT_ASSET: Final[Mapping[str, str]] = {
    "exchange_rates": "no DAG writes or reads it: people load it with `keeper rates`",
    "sign_in_links": "the console alone writes and reads it",
    "sessions": "the console alone writes and reads it",
    "api_tokens": "the console alone writes and reads it",
    "audit_log": "the console and commands write it, no DAG reads it",
}

PRICE_UPDATES: Final = _topic(topics.PRICE_UPDATES)
PRICE_BACKFILL: Final = _topic(topics.PRICE_BACKFILL)
DEAL_UPDATES: Final = _topic(topics.DEAL_UPDATES)
KEEPER_EVENTS: Final = _topic(topics.KEEPER_EVENTS)
DEAD_LETTERS: Final = tuple(
    _topic(name) for name in topics.topics_to_make() if topics.is_dead_letter_topic(name)
)

PRICES_INDEX: Final = _asset("elasticsearch", "keeper-prices")
DEALS_INDEX: Final = _asset("elasticsearch", "keeper-deals")
TOKENS_INDEX: Final = _asset("elasticsearch", "keeper-tokens")
RUNS_INDEX: Final = _asset("elasticsearch", "keeper-runs")
REPLIES: Final = _asset("lake", "replies")

WITHOUT_TASK: Final[Mapping[str, str]] = dict.fromkeys(
    (letters.name for letters in DEAD_LETTERS), "side workers put there what they can never load"
)
"""Assets no task writes, and who does."""

TOKENS: Final = [TOKEN_ACCOUNTS, TOKEN_LEDGER]
"""What a request to Keepa writes."""
RUN_ENDS: Final = [PIPELINE_RUNS, KEEPER_EVENTS]
"""What the end of a run writes."""
TO_DELIVER: Final = [OUTBOX, CHANNELS, USERS]
DELIVERED: Final = [OUTBOX, ALERT_DELIVERIES]
"""What delivering messages reads and writes."""
LOADED_HISTORY: Final = [PRICE_HISTORY, PRODUCTS, PRICE_CORRECTIONS, PRICES_INDEX]
"""What is in the stores once the side workers have read older points."""
LOADED_PRICES: Final = [
    *LOADED_HISTORY,
    CURRENT_PRICES,
    WATCHED_PRODUCTS,
    ALERT_STATES,
    PRICE_ALERTS,
    OUTBOX,
]
"""So of today's prices."""
LOADED_DEALS: Final = [COLLECTED_DEALS, DEALS_INDEX, *LOADED_PRICES]
"""So of deals, which bring prices."""
