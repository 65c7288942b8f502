-- Daily roll-ups and statistics of each series, and exchange rates, for analytics.
-- depends: 0006_reconciliations

ALTER TABLE price_series ADD COLUMN due_from timestamptz;
COMMENT ON COLUMN price_series.due_from IS
    'Points from then on have come or changed since price_days was brought up to them; null when none have.';
UPDATE price_series SET due_from = '2011-01-01Z' WHERE newest_at IS NOT NULL;

CREATE TABLE price_days (
    series_id integer NOT NULL,
    day date NOT NULL,
    open_minor bigint,
    high_minor bigint,
    low_minor bigint,
    close_minor bigint,
    changes integer NOT NULL,
    in_stock_s integer NOT NULL,
    priced_s numeric NOT NULL,
    PRIMARY KEY (series_id, day)
);
CREATE INDEX price_days_by_day ON price_days (day);
COMMENT ON TABLE price_days IS
    'One row for each day, in UTC, on which a price changed; until the next row it stayed at close_minor. Prices include shipping.';
COMMENT ON COLUMN price_days.open_minor IS
    'The price the day began with; null means no offer, or that it is not known.';
COMMENT ON COLUMN price_days.in_stock_s IS
    'Seconds of the day with a known price, as if nothing else happened until its end.';
COMMENT ON COLUMN price_days.priced_s IS
    'Price times seconds, summed up: divided by in_stock_s it is the day''s average.';

CREATE TABLE price_statistics (
    series_id integer PRIMARY KEY,
    reckoned_at timestamptz NOT NULL,
    average_30_minor bigint,
    average_90_minor bigint,
    lowest_90_minor bigint,
    lowest_minor bigint,
    lowest_at timestamptz,
    highest_minor bigint,
    in_stock_90 real
) WITH (fillfactor = 80);
COMMENT ON TABLE price_statistics IS
    'What a series has cost: averages weighted by time, over days with an offer. Prices include shipping.';
COMMENT ON COLUMN price_statistics.in_stock_90 IS 'Share of the last 90 days with an offer, 0 to 1.';

CREATE TABLE exchange_rates (
    day date NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    per_euro numeric NOT NULL CHECK (per_euro > 0),
    PRIMARY KEY (currency, day)
);
COMMENT ON TABLE exchange_rates IS
    'What a euro cost in another currency''s main unit on a day; keeper rates import fills it.';

CREATE OR REPLACE FUNCTION delete_price_point() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE price_series s SET due_from = least(s.due_from, OLD.observed_at)
    WHERE (s.asin, s.domain, s.price_type) = (OLD.asin, OLD.domain, OLD.price_type);
    DELETE FROM price_points p USING price_series s
    WHERE (s.asin, s.domain, s.price_type) = (OLD.asin, OLD.domain, OLD.price_type)
        AND (p.series_id, p.observed_at) = (s.series_id, OLD.observed_at);
    RETURN OLD;
END
$$;
