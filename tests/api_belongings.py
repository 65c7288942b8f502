"""What is Ann's, made where a test of the API asks about it: alerts, messages, channels."""

from typing import Final

from tests.console_server import ANN, Console

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
