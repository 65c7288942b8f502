-- What Keepa's tokens were spent on, by day and endpoint.
-- A request whose charge is not known counts with its estimate.
--
-- Columns: day, in UTC; endpoint; requests; tokens; products asked for; tokens_per_product; refused,
-- requests that Keepa refused; unknown, requests without an answer.
-- Example: SELECT * FROM analytics.token_use('2026-03-01', '2026-03-31');

CREATE OR REPLACE FUNCTION analytics.token_use(
    first_day date DEFAULT (now() AT TIME ZONE 'UTC')::date - 30,
    last_day date DEFAULT (now() AT TIME ZONE 'UTC')::date
) RETURNS TABLE (day date, endpoint text, requests integer, tokens bigint, products bigint,
    tokens_per_product numeric, refused integer, unknown integer)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 AS $$
    SELECT (t.requested_at AT TIME ZONE 'UTC')::date, t.endpoint, count(*)::integer,
        sum(coalesce(t.tokens_charged, CASE WHEN t.state <> 'REFUSED' THEN t.tokens_estimated END,
            0)),
        sum(t.products),
        round(sum(coalesce(t.tokens_charged,
                CASE WHEN t.state <> 'REFUSED' THEN t.tokens_estimated END, 0))::numeric
            / nullif(sum(t.products), 0), 2),
        count(*) FILTER (WHERE t.state = 'REFUSED'),
        count(*) FILTER (WHERE t.state = 'UNKNOWN')
    FROM token_ledger t
    WHERE t.requested_at >= token_use.first_day::timestamp AT TIME ZONE 'UTC'
        AND t.requested_at < (token_use.last_day + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2
    ORDER BY 1, 2
$$;
