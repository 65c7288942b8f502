DELETE FROM alert_deliveries WHERE alert_id IS NULL;
ALTER TABLE alert_deliveries ALTER COLUMN alert_id SET NOT NULL;
DELETE FROM outbox WHERE alert_id IS NULL;
ALTER TABLE outbox
    DROP COLUMN report_id,
    DROP COLUMN notice_id,
    ALTER COLUMN alert_id SET NOT NULL;
DROP TABLE operator_notices, reported_deals, deal_reports;
ALTER TABLE users DROP COLUMN deal_reports;
