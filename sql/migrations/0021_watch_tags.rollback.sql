DROP INDEX price_alerts_of_user;
ALTER TABLE watched_products DROP COLUMN tags;
