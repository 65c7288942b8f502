-- Price points by a number instead of texts, monthly partitions, and views that read as before.
-- depends: 0004_discovery

CREATE TABLE price_origins (
    origin_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text NOT NULL,
    source text NOT NULL CHECK (source IN ('keepa', 'simulator')),
    UNIQUE (run_id, source)
);
COMMENT ON TABLE price_origins IS 'The runs price points came with, and what those runs asked.';

CREATE TABLE price_series (
    series_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asin text NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    currency text NOT NULL,
    newest_at timestamptz,
    observed_at timestamptz,
    price_minor bigint CHECK (price_minor > 0),
    shipping_minor bigint CHECK (shipping_minor >= 0),
    implausible boolean NOT NULL DEFAULT false,
    origin_id integer,
    last_checked_at timestamptz,
    UNIQUE (asin, domain, price_type)
) WITH (fillfactor = 80);
COMMENT ON TABLE price_series IS
    'A product''s prices of one type in one locale: its number, and where it stands now.';
COMMENT ON COLUMN price_series.newest_at IS
    'No point of the series in price_points is later; loaders hold the row''s lock while they write.';
COMMENT ON COLUMN price_series.observed_at IS
    'With price_minor and the following: the newest point as the latest check saw it; null before one.';

CREATE TABLE price_points (
    series_id integer NOT NULL,
    origin_id integer NOT NULL,
    observed_at timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    last_checked_at timestamptz NOT NULL,
    price_minor bigint CHECK (price_minor > 0),
    shipping_minor bigint CHECK (shipping_minor >= 0),
    implausible boolean NOT NULL DEFAULT false,
    PRIMARY KEY (series_id, observed_at)
) PARTITION BY RANGE (observed_at);
COMMENT ON TABLE price_points IS
    'One row a change: from observed_at until the series'' next row the price was price_minor. The view price_history reads it by ASIN.';

CREATE FUNCTION add_price_partition(since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    name text := 'price_points_' || to_char(since AT TIME ZONE 'UTC',
        CASE WHEN until - since > interval '32 days' THEN 'YYYY' ELSE 'YYYY_MM' END);
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF price_points FOR VALUES FROM (%L) TO (%L)',
        name, since, until);
    RETURN name;
END
$$;

CREATE FUNCTION add_price_months(until timestamptz) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    month timestamptz;
BEGIN
    -- One at a time; whoever waited finds the months made.
    PERFORM pg_advisory_xact_lock(hashtext('price_points months'));
    SELECT max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz)
    INTO month
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'price_points'::regclass;
    WHILE month <= until LOOP
        RETURN NEXT add_price_partition(month, (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
        month := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
    END LOOP;
END
$$;
COMMENT ON FUNCTION add_price_months IS
    'Makes the monthly partitions of price_points that are missing up to a time; returns their names.';

-- Keepa's past in few partitions, since each one costs every plan a little; months from 2026 on.
DO $partitions$
BEGIN
    PERFORM add_price_partition(since::timestamptz, until::timestamptz)
    FROM (VALUES ('2011-01-01Z', '2018-01-01Z'), ('2018-01-01Z', '2021-01-01Z'),
        ('2021-01-01Z', '2023-01-01Z'), ('2023-01-01Z', '2024-01-01Z'),
        ('2024-01-01Z', '2025-01-01Z'), ('2025-01-01Z', '2026-01-01Z')) AS years (since, until);
    PERFORM add_price_months(now() + interval '3 months');
END
$partitions$;

INSERT INTO price_origins (run_id, source)
SELECT DISTINCT run_id, source FROM price_history
UNION SELECT DISTINCT run_id, source FROM current_prices;

INSERT INTO price_series (asin, domain, price_type, currency, newest_at)
SELECT asin, domain, price_type, max(currency), max(observed_at)
FROM (
    SELECT asin, domain, price_type, currency, observed_at FROM price_history
    UNION ALL SELECT asin, domain, price_type, currency, observed_at FROM current_prices
) AS known
GROUP BY asin, domain, price_type;

UPDATE price_series s SET observed_at = c.observed_at, price_minor = c.price_minor,
    shipping_minor = c.shipping_minor, implausible = c.implausible, origin_id = o.origin_id,
    last_checked_at = c.last_checked_at
FROM current_prices c
JOIN price_origins o USING (run_id, source)
WHERE (s.asin, s.domain, s.price_type) = (c.asin, c.domain, c.price_type);

INSERT INTO price_points (series_id, origin_id, observed_at, checked_at, last_checked_at,
    price_minor, shipping_minor, implausible)
SELECT s.series_id, o.origin_id, h.observed_at, h.checked_at, h.last_checked_at, h.price_minor,
    h.shipping_minor, h.implausible
FROM price_history h
JOIN price_series s USING (asin, domain, price_type)
JOIN price_origins o USING (run_id, source)
ORDER BY s.series_id, h.observed_at;

DROP TABLE price_history, current_prices;

CREATE VIEW price_history AS
SELECT s.asin, s.domain, s.price_type, p.observed_at, p.price_minor, p.shipping_minor, s.currency,
    p.implausible, o.source, o.run_id, p.checked_at, p.last_checked_at
FROM price_points p
JOIN price_series s USING (series_id)
JOIN price_origins o ON o.origin_id = p.origin_id;
COMMENT ON VIEW price_history IS
    'One row a change: from observed_at until the series'' next row the price was price_minor.';
COMMENT ON COLUMN price_history.price_minor IS 'In the currency''s minor unit; null means no offer.';
COMMENT ON COLUMN price_history.observed_at IS 'Keepa''s time of the point.';
COMMENT ON COLUMN price_history.checked_at IS 'When the check that first brought this value was made.';
COMMENT ON COLUMN price_history.last_checked_at IS 'The latest check that saw this value as newest.';
COMMENT ON COLUMN price_history.implausible IS
    'A jump far outside the product''s own range that nothing had confirmed when it was first seen.';

CREATE FUNCTION delete_price_point() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM price_points p USING price_series s
    WHERE (s.asin, s.domain, s.price_type) = (OLD.asin, OLD.domain, OLD.price_type)
        AND (p.series_id, p.observed_at) = (s.series_id, OLD.observed_at);
    RETURN OLD;
END
$$;
CREATE TRIGGER delete_price_point INSTEAD OF DELETE ON price_history
    FOR EACH ROW EXECUTE FUNCTION delete_price_point();
COMMENT ON FUNCTION delete_price_point IS 'So that wrong points are deleted by ASIN too.';

CREATE VIEW current_prices AS
SELECT s.asin, s.domain, s.price_type, s.observed_at, s.price_minor, s.shipping_minor, s.currency,
    s.implausible, o.source, o.run_id, s.last_checked_at
FROM price_series s
JOIN price_origins o USING (origin_id);
COMMENT ON VIEW current_prices IS 'The newest point of every series and when it was last confirmed.';

ALTER TABLE products RENAME COLUMN last_checked_at TO described_at;
COMMENT ON COLUMN products.described_at IS 'The check that brought this description.';
-- Written at every check; what is free on a page keeps their indexes out of it.
ALTER TABLE watched_products SET (fillfactor = 80);
ALTER TABLE alert_states SET (fillfactor = 80);
-- Paused watches are told of checks too.
DROP INDEX watched_products_by_product;
CREATE INDEX watched_products_by_product ON watched_products (asin, domain, price_type);
