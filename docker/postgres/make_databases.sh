#!/bin/bash
# Run once by the PostgreSQL image, on an empty volume: a database for Airflow and one for Keeper,
# each owned by a role that may do nothing else. Passwords are in variables, or in files they name.
set -euo pipefail

for name in AIRFLOW_PASSWORD KEEPER_PASSWORD; do
    file=${name}_FILE
    if [ -n "${!file:-}" ]; then
        export "$name=$(<"${!file}")"
    fi
done
psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv airflow_password AIRFLOW_PASSWORD
\getenv keeper_password KEEPER_PASSWORD
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE ROLE keeper LOGIN PASSWORD :'keeper_password';
CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE keeper OWNER keeper;
REVOKE CONNECT ON DATABASE airflow, keeper FROM PUBLIC;
SQL
