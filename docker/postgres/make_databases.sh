#!/bin/bash
# Run once by the PostgreSQL image, on an empty volume: a database for Airflow and one for Keeper,
# each owned by a role that may do nothing else.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv airflow_password AIRFLOW_PASSWORD
\getenv keeper_password KEEPER_PASSWORD
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE ROLE keeper LOGIN PASSWORD :'keeper_password';
CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE keeper OWNER keeper;
REVOKE CONNECT ON DATABASE airflow, keeper FROM PUBLIC;
SQL
