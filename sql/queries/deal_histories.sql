-- Histories that are stored already, so that a deal can be scored without a token.

-- name: known_histories
SELECT asin FROM published_histories
WHERE domain = %(domain)s AND price_type = %(price_type)s AND asin = ANY (%(asins)s)

-- name: stored_points
SELECT asin, observed_at, price_minor, shipping_minor FROM price_history
WHERE domain = %(domain)s AND price_type = %(price_type)s AND asin = ANY (%(asins)s)
ORDER BY asin, observed_at
