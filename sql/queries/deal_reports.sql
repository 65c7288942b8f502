-- Daily reports of new deals, and who wants them.

-- name: readers
-- Returns the users with an active filter who want reports, by id. since is when their last report
-- ended, null before the first; is_done says whether this run has made theirs; the next is due at
-- the first morning after due_from.
SELECT u.user_id, u.deal_reports AS wants, u.time_zone, u.report_due_from AS due_from,
    (SELECT max(r.until) FROM deal_reports r WHERE r.user_id = u.user_id) AS since,
    EXISTS (SELECT FROM deal_reports r WHERE r.user_id = u.user_id AND r.run_id = %(run_id)s) AS is_done
FROM users u
WHERE u.deal_reports <> 'OFF'
    AND EXISTS (SELECT FROM deal_filters f WHERE f.user_id = u.user_id AND f.status = 'ACTIVE')
ORDER BY u.user_id

-- name: mark_looked
-- Moves on from when a user's next daily report is due; never back.
UPDATE users SET report_due_from = greatest(report_due_from, %(at)s) WHERE user_id = %(user_id)s

-- name: new_deals
-- Returns the deals a user's next report may contain, best score first: still available at the same
-- price and in none of the user's reports yet. A deal found shortly before the last report may have
-- been stored after it, so callers let since begin earlier than that report.
SELECT d.event_id, f.name AS filter, d.asin, d.domain, d.price_type, d.currency, d.title,
    d.image_url, d.price_minor, d.original_minor, d.discount_percent, d.score, d.reasons, d.rating,
    d.review_count, d.back_in_stock, d.lightning_ends_at, d.observed_at, d.last_seen_at, d.source
FROM collected_deals d
JOIN deal_filters f USING (filter_id)
WHERE f.user_id = %(user_id)s AND f.status = 'ACTIVE' AND d.price_minor IS NOT NULL
    AND d.score >= greatest(f.min_score, 1)
    AND d.first_seen_at > %(since)s AND d.last_seen_at > %(seen_from)s
    AND coalesce(d.lightning_ends_at > %(at)s, true)
    AND NOT EXISTS (
        SELECT FROM collected_deals t
        JOIN reported_deals r USING (event_id)
        JOIN deal_reports p USING (report_id)
        WHERE p.user_id = f.user_id AND (t.asin, t.domain, t.price_type, t.observed_at)
            = (d.asin, d.domain, d.price_type, d.observed_at))
    AND NOT EXISTS (
        SELECT FROM price_series s
        WHERE (s.asin, s.domain, s.price_type) = (d.asin, d.domain, d.price_type)
            AND s.observed_at > d.observed_at
            AND (s.price_minor + coalesce(s.shipping_minor, 0)) IS DISTINCT FROM d.price_minor)
ORDER BY d.score DESC, d.event_id

-- name: add_report
-- Adds a report and returns its id; no row if the run has made one for the user already.
INSERT INTO deal_reports (user_id, run_id, since, until, simulated, left_out)
VALUES (%(user_id)s, %(run_id)s, %(since)s, %(until)s, %(simulated)s, %(left_out)s)
ON CONFLICT DO NOTHING
RETURNING report_id

-- name: add_deal
-- Adds a deal to a report; a null position and deal mean that it was only counted.
INSERT INTO reported_deals (report_id, event_id, position, deal)
VALUES (%(report_id)s, %(event_id)s, %(position)s, %(deal)s)

-- name: reports
-- Returns reports by their ids, without their deals.
SELECT report_id, since, until, simulated, left_out FROM deal_reports
WHERE report_id = ANY (%(report_ids)s)

-- name: is_of
-- Returns whether a report belongs to the user with an address.
SELECT EXISTS (SELECT FROM deal_reports r JOIN users u USING (user_id)
    WHERE r.report_id = %(report_id)s AND lower(u.email) = lower(%(email)s)) AS is_of

-- name: reported_deals
-- Returns the deals that reports contain, as they were then, by report and position.
SELECT report_id, deal FROM reported_deals
WHERE report_id = ANY (%(report_ids)s) AND position IS NOT NULL
ORDER BY report_id, position

-- name: list_reports
-- Returns a user's latest reports, newest first, with the number of deals in each and the state of
-- each channel's message; a null time means any.
SELECT r.report_id, r.since, r.until, r.left_out,
    (SELECT count(*)::int FROM reported_deals d
        WHERE d.report_id = r.report_id AND d.position IS NOT NULL) AS deals,
    (SELECT string_agg(concat(c.kind, ' ', lower(o.status), CASE WHEN o.status = 'PENDING'
        AND o.held_for IS NOT NULL THEN ': ' || o.held_for END), ', ' ORDER BY o.message_id)
        FROM outbox o JOIN channels c USING (channel_id) WHERE o.report_id = r.report_id) AS channels
FROM deal_reports r
JOIN users u USING (user_id)
WHERE lower(u.email) = lower(%(email)s)
    AND (%(since)s::timestamptz IS NULL OR r.until >= %(since)s)
ORDER BY r.report_id DESC
LIMIT %(most)s

-- name: set_wanted
-- Sets when a user gets the daily report: OFF, WITH_DEALS or ALWAYS.
UPDATE users SET deal_reports = %(wants)s WHERE user_id = %(user_id)s

-- name: wanted
-- Returns when a user gets the daily report; no row for an unknown address.
SELECT deal_reports AS wants FROM users WHERE lower(email) = lower(%(email)s)

-- name: reader_of
-- Returns a user by address, whether they want reports or not; no row without an active filter.
-- since is when their last report ended, null before the first; the next is due at the first
-- morning after due_from.
SELECT u.user_id, u.deal_reports AS wants, u.time_zone, u.report_due_from AS due_from,
    (SELECT max(r.until) FROM deal_reports r WHERE r.user_id = u.user_id) AS since
FROM users u
WHERE lower(u.email) = lower(%(email)s)
    AND EXISTS (SELECT FROM deal_filters f WHERE f.user_id = u.user_id AND f.status = 'ACTIVE')

-- name: to_publish
-- Returns the deals that reports contain, as they are stored now, by report and position.
SELECT d.*, f.name AS filter FROM deal_reports p
JOIN reported_deals r USING (report_id)
JOIN collected_deals d USING (event_id)
JOIN deal_filters f USING (filter_id)
WHERE p.report_id = ANY (%(report_ids)s) AND r.position IS NOT NULL
ORDER BY p.report_id, r.position

-- name: unpublished
-- Returns the reports whose deals have not been published to Kafka, oldest first.
SELECT report_id FROM deal_reports WHERE published_at IS NULL ORDER BY report_id

-- name: mark_published
-- Records when the deals of some reports were published to Kafka.
UPDATE deal_reports SET published_at = %(at)s WHERE report_id = ANY (%(report_ids)s)
