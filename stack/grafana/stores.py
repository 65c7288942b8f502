"""The dashboard of PostgreSQL, Elasticsearch, Redis and the machine, by their exporters."""

from typing import Final

from stack.grafana.boards import Board, Panel, Query, Row, Unit, curve

_DISKS: Final = '{fstype!~"tmpfs|ramfs|squashfs|iso9660|erofs|udf"}'

_READ: Final = Row(
    "What keeper metrics reads",
    (
        curve("Sources that answer", "keeper_source_up", "{{source}}", "1 if so, else 0."),
        curve(
            "How long a reading took",
            "keeper_source_read_seconds",
            "{{source}}",
            unit=Unit.SECONDS,
        ),
        curve("Size of tables", "keeper_table_bytes", "{{table}}", unit=Unit.BYTES),
    ),
)
_POSTGRES: Final = Row(
    "PostgreSQL",
    (
        curve("Answers", "pg_up", "PostgreSQL", "1 if so, else 0."),
        curve(
            "Connections",
            "sum by (datname, state) (pg_stat_activity_count)",
            "{{datname}} {{state}}",
        ),
        curve(
            "Longest transaction",
            "max by (datname, state) (pg_stat_activity_max_tx_duration)",
            "{{datname}} {{state}}",
            unit=Unit.SECONDS,
        ),
        curve("Locks", "sum by (mode) (pg_locks_count)", "{{mode}}"),
        curve(
            "Transactions a second",
            "sum by (datname) (rate(pg_stat_database_xact_commit[5m]))",
            "{{datname}}",
            unit=Unit.PER_SECOND,
        ),
        curve(
            "Size of databases",
            "max by (datname) (pg_database_size_bytes)",
            "{{datname}}",
            unit=Unit.BYTES,
        ),
        Panel(
            "Connections of the server",
            "ConnectionsShort fires above 80 %.",
            (
                Query("keeper_postgres_connections", "there"),
                Query("keeper_postgres_connections_limit", "at most"),
            ),
        ),
        curve(
            "Transactions not frozen",
            "keeper_postgres_oldest_transaction_age",
            "oldest",
            "TransactionsOld fires above 1.5 billion.",
        ),
        curve(
            "Age of the newest good backup",
            "time() - keeper_backup_last_good_timestamp_seconds",
            "backup",
            "BackupOld fires above 26 hours. Empty before the first.",
            Unit.SECONDS,
        ),
        curve("Parts of the log not archived", "pg_stat_archiver_failed_count", "failed"),
    ),
)
_ELASTICSEARCH: Final = Row(
    "Elasticsearch",
    (
        curve(
            "Health",
            "elasticsearch_cluster_health_status",
            "{{color}}",
            "1 of the colour it has.",
        ),
        Panel(
            "Shards",
            "A single machine keeps no second copy: some may be unassigned.",
            (
                Query("elasticsearch_cluster_health_active_shards", "active"),
                Query("elasticsearch_cluster_health_unassigned_shards", "unassigned"),
            ),
        ),
        curve("Documents", "sum (elasticsearch_indices_docs)", "documents"),
        curve(
            "Size of indices",
            "sum (elasticsearch_indices_store_size_bytes)",
            "indices",
            unit=Unit.BYTES,
        ),
        Panel(
            "Heap",
            "",
            (
                Query('elasticsearch_jvm_memory_used_bytes{area="heap"}', "used"),
                Query('elasticsearch_jvm_memory_max_bytes{area="heap"}', "at most"),
            ),
            Unit.BYTES,
        ),
        curve(
            "Writes refused, last hour",
            'increase(elasticsearch_thread_pool_rejected_count{type="write"}[1h])',
            "refused",
        ),
        curve(
            "Wrong documents found",
            "keeper_mirror_wrong_documents",
            "{{mirror}} {{what}}",
            "By the newest comparison with the tables, and put right.",
        ),
        curve(
            "Wrong documents left",
            "keeper_mirror_left_wrong_documents",
            "{{mirror}} {{what}}",
        ),
        curve(
            "Age of the comparison",
            "time() - keeper_mirror_compared_timestamp_seconds",
            "{{mirror}}",
            unit=Unit.SECONDS,
        ),
    ),
)
_REDIS: Final = Row(
    "Redis, where there is one",
    (
        curve("Answers", "redis_up", "Redis", "1 if so, else 0."),
        curve("Clients", "redis_connected_clients", "clients"),
        Panel(
            "Memory",
            "",
            (
                Query("redis_memory_used_bytes", "used"),
                Query("redis_memory_max_bytes", "at most"),
            ),
            Unit.BYTES,
        ),
        Panel(
            "Reads a second",
            "Of what is in it, and of what is not.",
            (
                Query("rate(redis_keyspace_hits_total[5m])", "found"),
                Query("rate(redis_keyspace_misses_total[5m])", "not found"),
            ),
            Unit.PER_SECOND,
        ),
    ),
)
_MACHINE: Final = Row(
    "Machine",
    (
        curve(
            "Free share of disks",
            f"node_filesystem_avail_bytes{_DISKS} / node_filesystem_size_bytes{_DISKS}",
            "{{mountpoint}}",
            "DiskShort fires below 10 %.",
            Unit.SHARE,
        ),
        curve("Load", "node_load1", "last minute"),
        Panel(
            "Memory of the machine",
            "",
            (
                Query("node_memory_MemAvailable_bytes", "available"),
                Query("node_memory_MemTotal_bytes", "all"),
            ),
            Unit.BYTES,
        ),
        curve(
            "Busy share of processors",
            '1 - avg (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
            "busy",
            unit=Unit.SHARE,
        ),
        Panel(
            "Clock",
            "How far the kernel says it may be off, and whether a time service keeps it right.",
            (
                Query("node_timex_maxerror_seconds", "at most off"),
                Query("node_timex_sync_status", "kept right (1)"),
            ),
            Unit.SECONDS,
        ),
    ),
)

STORES: Final = Board(
    "keeper-stores",
    "Keeper: Stores",
    "Are the stores and the machine sound, and is there room?",
    (_READ, _POSTGRES, _ELASTICSEARCH, _REDIS, _MACHINE),
)
