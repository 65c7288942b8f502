-- Trends: how prices of a category or brand move, in windows of six hours and in days, and the products
-- whose price is far from their own usual one. docs/TRENDS.md defines every figure. Engines store whole
-- numbers alone; what divides them is in sql/analytics/, for whichever engine counted.
-- depends: 0031_room_without_waiting

CREATE TABLE product_labels (
    asin text NOT NULL,
    domain text NOT NULL,
    since timestamptz NOT NULL,
    root_category bigint CHECK (root_category > 0),
    brand text CHECK (brand <> ''),
    PRIMARY KEY (asin, domain, since)
);
COMMENT ON TABLE product_labels IS
    'A product''s root category and brand from the reply of a moment on; a row for each change.';
COMMENT ON COLUMN product_labels.root_category IS 'Keepa''s number of it; null if Keepa does not say.';

CREATE TABLE trend_changes (
    series_id integer PRIMARY KEY,
    since timestamptz NOT NULL
);
COMMENT ON TABLE trend_changes IS
    'Series with points from then on that trends have not been brought up to; price_days has been.';

CREATE TABLE due_trends (
    span text NOT NULL CHECK (span IN ('6h', 'day', 'movers')),
    started_at timestamptz NOT NULL,
    PRIMARY KEY (span, started_at)
);
COMMENT ON TABLE due_trends IS 'Windows to count again, those that have not ended included.';

CREATE TABLE price_trends (
    span text NOT NULL CHECK (span IN ('6h', 'day')),
    started_at timestamptz NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    scope text NOT NULL CHECK (scope IN ('locale', 'category', 'brand')),
    root_category bigint NOT NULL,
    brand text NOT NULL,
    products integer NOT NULL,
    changes integer NOT NULL,
    drops integer NOT NULL,
    median_drop_bp integer,
    log_sum_e9 bigint NOT NULL,
    sold_out integer NOT NULL,
    deals integer NOT NULL,
    deal_score_sum integer NOT NULL,
    PRIMARY KEY (span, started_at, domain, price_type, scope, root_category, brand)
);
CREATE INDEX price_trends_of_group
    ON price_trends (domain, price_type, scope, root_category, brand, span, started_at);
COMMENT ON TABLE price_trends IS
    'Whole numbers of a window: of a locale, of a root category in it, or of a brand in that.';
COMMENT ON COLUMN price_trends.span IS '6h: six hours, one beginning each hour; day: a day in UTC.';
COMMENT ON COLUMN price_trends.root_category IS 'Keepa''s number of it; 0 in the scope locale.';
COMMENT ON COLUMN price_trends.brand IS 'Empty in the scopes locale and category.';
COMMENT ON COLUMN price_trends.products IS 'Products with a point in the window: what the row rests on.';
COMMENT ON COLUMN price_trends.changes IS 'Points that can be compared with an offer before them.';
COMMENT ON COLUMN price_trends.drops IS 'Changes to a lower price.';
COMMENT ON COLUMN price_trends.median_drop_bp IS
    'Of the drops, in hundredths of a percent, rounded down each; the lower of two in the middle.';
COMMENT ON COLUMN price_trends.log_sum_e9 IS 'Of the changes: ln(price / former price) × 10⁹, added up.';
COMMENT ON COLUMN price_trends.sold_out IS 'Products whose last point in the window is without an offer.';
COMMENT ON COLUMN price_trends.deals IS 'Products of which a deal of the window was found; 0 of a brand.';

CREATE TABLE trend_bases (
    day date NOT NULL,
    domain text NOT NULL,
    price_type text NOT NULL,
    scope text NOT NULL CHECK (scope IN ('locale', 'category', 'brand')),
    root_category bigint NOT NULL,
    brand text NOT NULL,
    products integer NOT NULL CHECK (products > 0),
    PRIMARY KEY (day, domain, price_type, scope, root_category, brand)
);
COMMENT ON TABLE trend_bases IS
    'By how many products a day''s log_sum_e9 is divided: those with a price by its end, moved or not.';

CREATE TABLE price_movers (
    day date NOT NULL,
    series_id integer NOT NULL,
    price_minor bigint NOT NULL,
    median_minor bigint NOT NULL,
    mad_minor bigint NOT NULL,
    days integer NOT NULL CHECK (days > 0),
    PRIMARY KEY (day, series_id)
);
COMMENT ON TABLE price_movers IS
    'Prices that changed on a day, beside what the 90 days before it closed at. Prices include shipping.';
COMMENT ON COLUMN price_movers.mad_minor IS 'Median of the days'' distances from median_minor.';
COMMENT ON COLUMN price_movers.days IS 'Days of the 90 that closed with a price: what the row rests on.';
