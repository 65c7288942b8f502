-- The outbox: alerts waiting for delivery.

-- name: claim_next
-- Locks one alert that is due; other deliverers pass over it.
SELECT a.alert_id, a.asin, a.domain, a.price_type, a.price_minor, a.shipping_minor,
    a.previous_price_minor, a.target_minor, a.currency, a.observed_at, a.checked_at, a.reason,
    a.source, a.attempts, u.email, p.title, p.image_url,
    c.price_minor AS newest_price_minor,
    coalesce((c.last_checked_at, c.observed_at) > (a.checked_at, a.observed_at)
        AND c.observed_at <> a.observed_at, false) AS has_newer_price
FROM price_alerts a
JOIN users u USING (user_id)
LEFT JOIN products p USING (asin, domain)
LEFT JOIN current_prices c USING (asin, domain, price_type)
WHERE a.status = 'PENDING' AND a.next_attempt_at <= %(now)s
ORDER BY a.next_attempt_at, a.alert_id
LIMIT 1
FOR UPDATE OF a SKIP LOCKED

-- name: record_delivery
INSERT INTO alert_deliveries (alert_id, channel, attempt, status, detail, seconds, attempted_at)
SELECT %(alert_id)s, %(channel)s, coalesce(max(attempt), 0) + 1, %(status)s, %(detail)s,
    %(seconds)s, %(now)s
FROM alert_deliveries WHERE alert_id = %(alert_id)s AND channel = %(channel)s
ON CONFLICT DO NOTHING

-- name: requeue_undelivered
UPDATE price_alerts SET status = 'PENDING', attempts = 0, next_attempt_at = now()
WHERE status IN ('FAILED', 'NOT_CONFIGURED')

-- name: settle
UPDATE price_alerts SET status = %(status)s, attempts = %(attempt)s,
    next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at)
WHERE alert_id = %(alert_id)s
