"""Who may do what in Keeper's database: four roles, each with what its programs need.

The owner, who migrates, may do everything. The others are made with the databases, where somebody
may make roles (docker/postgres/make_databases.sh); where there is one its rights are those below
after each `keeper migrate`. Where there are none, the owner's login serves for all.
"""

from collections.abc import Mapping
from typing import Final

from psycopg import sql

from keeper.stores.postgres.connection import Connection, statements

APPLICATION: Final = "keeper_app"
"""Loaders, deliverer, relay, Airflow's tasks: reads and writes all rows, changes no table."""
CONSOLE: Final = "keeper_console"
"""The console, which the world reaches: writes what its users may change, and no price."""
READ: Final = "keeper_read"
"""Analysts: reads prices, deals and Keeper's records, and nothing of people."""
ROLES: Final = (APPLICATION, CONSOLE, READ)

_ALL: Final = "SELECT, INSERT, UPDATE, DELETE"
_MIGRATIONS: Final = "_yoyo_migration"
_PRICES: Final = (
    *("price_points", "price_series", "price_origins", "price_days", "price_statistics"),
    *("price_history", "current_prices", "price_corrections", "products", "product_kinds"),
    *("collected_deals", "exchange_rates", "pipeline_runs", "token_ledger", "token_accounts"),
    *("quarantined_records", "reconciliations"),
    *("price_trends", "trend_bases", "price_movers", "product_labels"),
)
_CONSOLE: Final[Mapping[str, str]] = {
    **dict.fromkeys(_PRICES, "SELECT"),
    **dict.fromkeys(
        (
            *("users", "sessions", "sign_in_links", "api_tokens", "feed_tickets"),
            *("idempotency_keys", "limit_uses", "user_limits", "requests"),
            *("telegram_links", "telegram_codes", "short_tokens", "telegram_bot"),
            *("watched_products", "alert_states", "price_alerts", "channels", "outbox"),
            *("deal_filters", "discoveries", "product_proposals"),
        ),
        _ALL,
    ),
    # A changed channel closes the notice that it is refused.
    "operator_notices": "SELECT, UPDATE",
    # Whoever gets in by the console cannot hide that.
    "audit_log": "SELECT, INSERT",
    **dict.fromkeys(
        (
            *("alert_deliveries", "deal_reports", "reported_deals"),
            *("published_histories", _MIGRATIONS),
        ),
        "SELECT",
    ),
}
_OF_MIGRATIONS: Final = (_MIGRATIONS, "_yoyo_log", "_yoyo_version", "yoyo_lock")
_WITH_MAINTAIN: Final = 170_000
_OWN_FUNCTIONS: Final = ("add_price_months", "drop_price_partition")
"""They work with the owner's rights."""
_OF_NOBODY_ELSE: Final = (*_OWN_FUNCTIONS, "add_price_partition")
"""PostgreSQL lets everybody call a function that is made, by the restore of a dump too."""


def grant_access(connection: Connection) -> list[str]:
    """Give each role that there is what it needs, no more; return their names.

    Running it again changes nothing. What a role was given beside that in the schemas public and
    analytics is taken from it, and from everybody the functions that change the schema.

    Args:
        connection: The owner's, outside a transaction.
    """
    rows = connection.execute(statements("access")["existing_roles"], {"names": list(ROLES)})
    there = [row["name"] for row in rows]
    for function in _OF_NOBODY_ELSE:
        connection.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC".encode())
    for role in there:
        with connection.transaction():
            _revoke(connection, role)
            _do(connection, "GRANT USAGE ON SCHEMA public, analytics TO {}", role)
            if role == APPLICATION:
                _grant_application(connection)
            else:
                granted = _CONSOLE if role == CONSOLE else dict.fromkeys(_PRICES, "SELECT")
                for table, rights in granted.items():
                    _do(connection, f"GRANT {rights} ON {table} TO {{}}", role)
                if role == READ:
                    _do(connection, "GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO {}", role)
    return there


def _revoke(connection: Connection, role: str) -> None:
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        _do(connection, f"REVOKE ALL ON ALL {kind} IN SCHEMA public, analytics FROM {{}}", role)


def _grant_application(connection: Connection) -> None:
    _do(connection, f"GRANT {_ALL} ON ALL TABLES IN SCHEMA public TO {{}}", APPLICATION)
    _do(connection, "GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO {}", APPLICATION)
    for table in _OF_MIGRATIONS:
        _do(connection, f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {{}}", APPLICATION)
    for function in _OWN_FUNCTIONS:
        _do(connection, f"GRANT EXECUTE ON FUNCTION {function} TO {{}}", APPLICATION)
    # For ANALYZE. Servers before 17 have no such right; there autovacuum alone counts rows.
    if connection.info.server_version >= _WITH_MAINTAIN:
        _do(connection, "GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {}", APPLICATION)


def _do(connection: Connection, statement: str, role: str) -> None:
    """Run a statement of this module's constants for a role."""
    connection.execute(statement.format(sql.Identifier(role).as_string(connection)).encode())
