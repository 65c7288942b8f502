"""PostgreSQL's own programs for backups: pg_basebackup, pg_receivewal, pg_dump, pg_restore."""
