-- Roles and what they may do.

-- name: existing_roles
-- Returns which of some roles there are.
SELECT rolname AS name FROM pg_roles WHERE rolname = ANY (%(names)s) ORDER BY name
