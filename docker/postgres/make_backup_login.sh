#!/bin/bash
# Run by the PostgreSQL image on an empty volume, and by hand on a volume from before there were
# backups (docs/DEPLOYMENT.md): the login that may copy the whole server. Again it sets the password.
set -euo pipefail

if [ -n "${BACKUP_PASSWORD_FILE:-}" ]; then
    export BACKUP_PASSWORD=$(<"$BACKUP_PASSWORD_FILE")
fi
psql --set ON_ERROR_STOP=1 --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv backup_password BACKUP_PASSWORD
SELECT 'CREATE ROLE backup' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'backup') \gexec
ALTER ROLE backup LOGIN REPLICATION PASSWORD :'backup_password';
GRANT EXECUTE ON FUNCTION pg_control_system() TO backup;
SQL
