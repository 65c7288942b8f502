"""What is Ann's, or everybody's, made where a test of the API asks about it."""

from datetime import UTC, datetime
from typing import Final

from keeper.domain.users.access import Scope
from keeper.stores.postgres.runs.runs import start_run
from keeper.streams.config import KafkaConfig
from tests.console_server import ANN, BOSS, Console
from tests.dead_letters import publish_letters
from tests.stored_prices import store_current_price, store_history

_MADE: Final = {
    "watch_id": """
        UPDATE watched_products w SET status = 'ACTIVE' FROM users u
        WHERE u.user_id = w.user_id AND u.email = %(email)s RETURNING watch_id AS id""",
    "alert_id": """
        INSERT INTO price_alerts (watch_id, user_id, asin, domain, price_type, price_minor,
            currency, observed_at, checked_at, reason, source, run_id)
        SELECT watch_id, user_id, asin, domain, price_type, 900, 'USD', '2030-01-01', '2030-01-01',
            'at or below your target', 'simulator', 'run-1'
        FROM watched_products JOIN users USING (user_id) WHERE email = %(email)s
        ON CONFLICT (watch_id, observed_at, checked_at) DO UPDATE SET run_id = 'run-1'
        RETURNING alert_id AS id""",
    "channel_id": """
        INSERT INTO channels (user_id, kind, address)
        SELECT user_id, 'email', email FROM users WHERE email = %(email)s
        ON CONFLICT (user_id, kind, address) DO UPDATE SET status = 'ACTIVE'
        RETURNING channel_id AS id""",
    "message_id": """
        INSERT INTO outbox (channel_id, alert_id)
        SELECT channel_id, alert_id FROM channels JOIN users USING (user_id)
        JOIN price_alerts USING (user_id) WHERE email = %(email)s
        ON CONFLICT (alert_id, channel_id) DO UPDATE SET status = 'PENDING'
        RETURNING message_id AS id""",
    "filter_id": """
        INSERT INTO deal_filters (user_id, name, domain, price_type)
        SELECT user_id, 'kettles', 'us', 'NEW' FROM users WHERE email = %(email)s
        ON CONFLICT (user_id, lower(name)) DO UPDATE SET status = 'ACTIVE'
        RETURNING filter_id AS id""",
    "deal_id": """
        INSERT INTO collected_deals (event_id, filter_id, asin, domain, price_type, currency,
            observed_at, score, reasons, back_in_stock, source, first_run_id, last_run_id,
            first_seen_at, last_seen_at)
        SELECT repeat('a', 32), filter_id, 'B000000001', 'us', 'NEW', 'USD', now(), 60, '{}', false,
            'keepa', 'run-1', 'run-1', now(), now()
        FROM deal_filters JOIN users USING (user_id)
        WHERE email = %(email)s AND deal_filters.name = 'kettles'
        ON CONFLICT (event_id) DO UPDATE SET score = 60 RETURNING event_id AS id""",
    "report_id": """
        INSERT INTO deal_reports (user_id, run_id, since, until, simulated, left_out)
        SELECT user_id, 'run-1', '2029-12-31', '2030-01-01', false, 0 FROM users
        WHERE email = %(email)s
        ON CONFLICT (user_id, run_id) DO UPDATE SET left_out = 0 RETURNING report_id AS id""",
    "discovery_id": """
        INSERT INTO discoveries (name, kind, domain, category)
        VALUES ('kettles', 'best_sellers', 'us', 7)
        ON CONFLICT (domain, name) DO UPDATE SET is_active = true RETURNING discovery_id AS id""",
}
_NEEDS: Final = {"message_id": ("alert_id", "channel_id"), "deal_id": ("filter_id",)}


def with_belongings(console: Console, path: str) -> str:
    """Return an address with the numbers of what is Ann's, who watches a product."""
    for name in _MADE:
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", str(belonging(console, name)))
    return path


def belonging(console: Console, name: str) -> int | str:
    """Return the number of something of Ann's, made if new."""
    for needed in _NEEDS.get(name, ()):
        belonging(console, needed)
    rows = console.connection.execute(_MADE[name], {"email": ANN}).fetchall()
    found: int | str = rows[0]["id"]
    return found


def parts_of_addresses(console: Console, kafka: KafkaConfig, topic: str) -> dict[str, str]:
    """Make what is Ann's or an operator's, and return how addresses name it."""
    ann = console.program(ANN, Scope.WATCHES_WRITE)
    ann.post("/api/v1/watches", json={"product": "B00EXAMPL0"})
    boss = console.program(BOSS, Scope.OPERATIONS_WRITE)
    asked = boss.post("/api/v1/search/rebuilds", json={"index": "deals"}).json()["id"]
    store_current_price(console.connection, "B00EXAMPL0", at=console.clock.now, price=2499)
    store_history(console.connection, "B00EXAMPL0", [(datetime(2026, 5, 1, tzinfo=UTC), 2499)])
    publish_letters(kafka, topic, [b"rubbish"])
    run_id = "track_prices/manual__1"
    check_id = f"console__{console.user(ANN).user_id}__{'0' * 32}"
    for one in (run_id, f"track_prices/{check_id}"):
        start_run(
            console.connection,
            run_id=one,
            dag_id="track_prices",
            source="simulator",
            started_at=console.clock.now,
        )
    console.connection.execute(
        "UPDATE pipeline_runs SET state = 'SUCCESS', finished_at = started_at"
    )
    return {
        "asin": "B00EXAMPL0",
        "check_id": check_id,
        "topic": topic,
        "place": "0:0",
        "run_id": run_id,
        "request_id": str(asked),
    }
