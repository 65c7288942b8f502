"""Flink SQL's job from Kafka to PostgreSQL, at its best documented settings."""

import shutil
import subprocess
import uuid
from pathlib import Path
from string import Template
from typing import Final

import yaml

from bench.peers.artifacts import FOLDER, flink_home, java
from bench.peers.target import TABLE, jdbc_url, process, seconds_to_fill
from bench.registry import SkippedError
from keeper.stores.postgres.connection import PostgresConfig

_REST_PORT: Final = 34_081
_SQL: Final = Template(
    """\
SET 'parallelism.default' = '2';
SET 'pipeline.object-reuse' = 'true';
CREATE TABLE events (
    asin STRING, domain STRING, price_type STRING, `timestamp` STRING, price_minor BIGINT,
    shipping_minor BIGINT, currency STRING, implausible BOOLEAN, source STRING, run_id STRING,
    checked_at STRING
) WITH (
    'connector' = 'kafka', 'topic' = '$topic', 'properties.bootstrap.servers' = '$brokers',
    'properties.group.id' = '$group', 'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset', 'format' = 'json'
);
CREATE TABLE prices (
    asin STRING, domain STRING, price_type STRING, `timestamp` TIMESTAMP(6), price_minor BIGINT,
    shipping_minor BIGINT, currency STRING, implausible BOOLEAN, source STRING, run_id STRING,
    checked_at TIMESTAMP(6),
    PRIMARY KEY (asin, domain, price_type, `timestamp`) NOT ENFORCED
) WITH (
    'connector' = 'jdbc', 'url' = '$url', 'table-name' = '$table', 'username' = '$user',
    'password' = '$password', 'sink.buffer-flush.max-rows' = '5000',
    'sink.buffer-flush.interval' = '1s', 'sink.parallelism' = '2'
);
INSERT INTO prices
SELECT asin, domain, price_type,
    TO_TIMESTAMP(SUBSTRING(`timestamp`, 1, 19), 'yyyy-MM-dd''T''HH:mm:ss'),
    price_minor, shipping_minor, currency, implausible, source, run_id,
    TO_TIMESTAMP(SUBSTRING(checked_at, 1, 19), 'yyyy-MM-dd''T''HH:mm:ss')
FROM events
ON CONFLICT DO DEDUPLICATE;
"""
)
_SETTINGS: Final = {
    "jobmanager": {
        "bind-host": "127.0.0.1",
        "rpc": {"address": "127.0.0.1", "port": 34_123},
        "memory": {"process": {"size": "1200m"}},
    },
    "taskmanager": {
        "bind-host": "127.0.0.1",
        "host": "127.0.0.1",
        "numberOfTaskSlots": 2,
        "memory": {"process": {"size": "1728m"}},
    },
    "rest": {"address": "127.0.0.1", "bind-address": "127.0.0.1", "port": _REST_PORT},
}


def flink_seconds(brokers: str, topic: str, database: PostgresConfig, rows: int) -> float:
    """Return how long the job takes to upsert a topic's events, parallelism 2, once rows come."""
    home = flink_home()
    run = FOLDER / "flink-run"
    shutil.rmtree(run, ignore_errors=True)
    (run / "conf").mkdir(parents=True)
    for file in (home / "conf").iterdir():
        shutil.copy(file, run / "conf" / file.name)
    shipped = yaml.safe_load((home / "conf" / "config.yaml").read_text("utf-8"))
    (run / "conf" / "config.yaml").write_text(yaml.safe_dump(shipped | _SETTINGS), "utf-8")
    url, user, password = jdbc_url(database)
    script = run / "job.sql"
    script.touch(mode=0o600)
    script.write_text(
        _SQL.substitute(
            topic=topic,
            brokers=brokers,
            group=f"flink-{uuid.uuid4().hex}",
            url=url,
            user=user,
            password=password,
            table=TABLE,
        ),
        "utf-8",
    )
    env = {
        "FLINK_HOME": str(home),
        "FLINK_CONF_DIR": str(run / "conf"),
        "FLINK_LOG_DIR": str(run),
        "JAVA_HOME": str(java().parent.parent),
        # Its clocks and the database's are one.
        "TZ": "UTC",
    }
    log = run / "flink.log"
    with (
        process([f"{home}/bin/jobmanager.sh", "start-foreground"], cwd=run, log=log, env=env),
        process(
            [f"{home}/bin/taskmanager.sh", "start-foreground"], cwd=run, log=log, env=env
        ) as manager,
    ):
        _submit(home, run, script, log, env)
        return seconds_to_fill(database, rows, manager, log)


def _submit(home: Path, run: Path, script: Path, log: Path, env: dict[str, str]) -> None:
    with process([f"{home}/bin/sql-client.sh", "-f", str(script)], cwd=run, log=log, env=env) as it:
        try:
            code = it.wait(180)
        except subprocess.TimeoutExpired:
            code = 1
    output = log.read_text("utf-8", "replace")
    if code or "[ERROR]" in output:
        raise SkippedError(f"Flink did not take the job, see {log}")
