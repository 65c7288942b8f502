-- How long lists are.

-- name: count_rows
-- Returns how many rows a page's statement gives; its own limit bounds them. PostgreSQL leaves out
-- the columns of a subquery that nobody reads.
SELECT count(*)::int AS rows FROM (
{page}
) AS page
