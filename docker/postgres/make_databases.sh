#!/bin/bash
# Run by the PostgreSQL image on an empty volume: a database for Airflow and one for Keeper, each owned
# by a role that may do nothing else, and Keeper's further roles, which `keeper migrate` gives their
# rights. Passwords are in variables, or in files they name; a further role without one cannot log in.
# It may be run again, after an upgrade say:
#   docker compose exec postgres bash /docker-entrypoint-initdb.d/make_databases.sh
set -euo pipefail

for name in AIRFLOW_PASSWORD KEEPER_PASSWORD KEEPER_APP_PASSWORD KEEPER_CONSOLE_PASSWORD KEEPER_READ_PASSWORD; do
    file=${name}_FILE
    if [ -n "${!file:-}" ]; then
        export "$name=$(<"${!file}")"
    fi
done
psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv airflow_password AIRFLOW_PASSWORD
\getenv keeper_password KEEPER_PASSWORD
\set app_password ''
\getenv app_password KEEPER_APP_PASSWORD
\set console_password ''
\getenv console_password KEEPER_CONSOLE_PASSWORD
\set read_password ''
\getenv read_password KEEPER_READ_PASSWORD
SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['airflow', 'keeper', 'keeper_app', 'keeper_console', 'keeper_read']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', name, password)
FROM (VALUES ('airflow', :'airflow_password'), ('keeper', :'keeper_password'),
    ('keeper_app', :'app_password'), ('keeper_console', :'console_password'),
    ('keeper_read', :'read_password')) AS given (name, password)
WHERE password <> '' \gexec
SELECT format('CREATE DATABASE %I OWNER %I', name, name)
FROM unnest(ARRAY['airflow', 'keeper']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec
REVOKE CONNECT ON DATABASE airflow, keeper FROM PUBLIC;
GRANT CONNECT ON DATABASE keeper TO keeper_app, keeper_console, keeper_read;
-- So that a migration or nightly upkeep that waits for a lock can name whose transaction it waits for.
GRANT pg_read_all_stats TO keeper, keeper_app;
SQL
