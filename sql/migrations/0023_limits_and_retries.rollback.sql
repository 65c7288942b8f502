DELETE FROM outbox WHERE link_id IS NOT NULL;
ALTER TABLE outbox DROP CONSTRAINT outbox_check;
ALTER TABLE outbox DROP COLUMN link_id;
ALTER TABLE outbox ADD CONSTRAINT outbox_check
    CHECK (num_nonnulls(alert_id, report_id, notice_id) = 1);
COMMENT ON TABLE outbox IS
    'One row for each channel that an alert, a report or a notice goes to; PENDING ones are due.';
DELETE FROM sign_in_links WHERE digest IS NULL;
ALTER TABLE sign_in_links DROP COLUMN base_url;
ALTER TABLE sign_in_links ALTER COLUMN digest SET NOT NULL;
DROP TABLE idempotency_keys, limit_uses, user_limits;
