-- Histories that are stored already, so that a deal can be scored without a token.

-- name: known_histories
-- Returns the products whose whole history of a price type is stored and was confirmed by a price
-- check lately: without one nobody knows what has changed since.
SELECT p.asin FROM published_histories p
JOIN current_prices c USING (asin, domain, price_type)
WHERE p.domain = %(domain)s AND p.price_type = %(price_type)s AND p.asin = ANY (%(asins)s)
    AND c.last_checked_at >= %(checked_from)s
    AND EXISTS (
        SELECT FROM watched_products w
        WHERE (w.asin, w.domain) = (p.asin, p.domain) AND w.status = 'ACTIVE'
            AND w.last_checked_at >= %(checked_from)s)

-- name: stored_points
-- Returns every stored point of a price type of some products, by ASIN and time. A null price means
-- no offer.
SELECT asin, observed_at, price_minor, shipping_minor FROM price_history
WHERE domain = %(domain)s AND price_type = %(price_type)s AND asin = ANY (%(asins)s)
ORDER BY asin, observed_at
